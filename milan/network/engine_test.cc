#include "milan/network/engine.h"

#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// What milan says of `work`, which must throw an Error of kind kInput.
template <typename Work>
std::string InputErrorOf(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Engine, ComputesAnAverageByHand) {
  ModelBuilder b("input", {-1, 1, 2, 2});
  b.Output(b.GlobalAveragePool("average", b.input()));
  const auto engine = CreateEngine(b.Build("tiny"));
  const auto outputs = RunOnce(*engine, {{2, 1, 2, 2}, {1, 2, 3, 4, 10, 20, 30, 40}});
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape, (Shape{2, 1, 1, 1}));
  EXPECT_EQ(outputs[0].values, (std::vector<float>{2.5F, 25.0F}));
}

TEST(Engine, TwoThreadsGetWhatOneGets) {
  const auto engine =
      CreateEngine(SmallNetwork().Build("small").Tap({"conv1", "conv1.relu", "block", "logits"}));
  constexpr int kPhotos = 24;
  std::vector<std::vector<Array>> alone(kPhotos);
  std::vector<std::vector<Array>> together(kPhotos);
  for (int i = 0; i < kPhotos; ++i) alone[i] = RunOnce(*engine, RandomArray({1, 3, 16, 16}, i));
  const auto work = [&](int first) {
    for (int i = first; i < kPhotos; i += 2) {
      together[i] = RunOnce(*engine, RandomArray({1, 3, 16, 16}, i));
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (int i = 0; i < kPhotos; ++i) {
    for (size_t j = 0; j < alone[i].size(); ++j) {
      EXPECT_EQ(alone[i][j].values, together[i][j].values);
    }
  }
}

TEST(Engine, SaysWhichShapeItTakes) {
  const auto engine = CreateEngine(SmallNetwork().Build("small"));
  const Array wrong = RandomArray({1, 3, 20, 16}, 1);
  EXPECT_EQ(InputErrorOf([&] { RunOnce(*engine, wrong); }),
            "small: input 'input' takes shape [?, 3, 16, 16] but was given [1, 3, 20, 16]");
  const Array flat = RandomArray({768}, 1);
  EXPECT_THAT(InputErrorOf([&] { RunOnce(*engine, flat); }), HasSubstr("was given [768]"));
  const Array lying{{1, 3, 16, 16}, {1, 2, 3}};
  EXPECT_THAT(InputErrorOf([&] { RunOnce(*engine, lying); }), HasSubstr("was given 3 values"));
}

TEST(Engine, SaysHowManyInputsItTakes) {
  const auto engine = CreateEngine(SmallNetwork().Build("small"));
  EXPECT_EQ(InputErrorOf([&] { engine->Run({}, [](auto) {}); }),
            "small: takes 1 inputs (input) but was given 0");
}

TEST(Engine, NamesTheNodeThatFailsWhileRunning) {
  ModelBuilder b("input", {-1, 3, -1, -1});
  b.Output(b.Add("mismatched", b.input(), b.Weight("offset", RandomArray({1, 3, 7, 7}, 1))));
  const auto engine = CreateEngine(b.Build("broken"));
  const Array input = RandomArray({1, 3, 5, 5}, 2);
  EXPECT_THAT(InputErrorOf([&] { RunOnce(*engine, input); }),
              AllOf(HasSubstr("broken: node 'mismatched'"), Not(HasSubstr("\n"))));
}

TEST(Engine, NamesTheNodeThatItRefuses) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Output(b.Apply("NoSuchOperator", "strange", {b.input()}));
  const Network network = b.Build("refused");
  EXPECT_THAT(InputErrorOf([&] { CreateEngine(network); }),
              AllOf(HasSubstr("refused: "), HasSubstr("NoSuchOperator"), Not(HasSubstr("\n"))));
}

TEST(Engine, RefusesIntegersOnlyWhereTheyAreTapped) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Apply("ArgMax", "best", {b.input()}, {{"axis", int64_t{1}}});
  b.Output(b.Apply("Cast", "back", {"best"}, {{"to", int64_t{1}}}));
  const Network network = b.Build("argmax");
  const auto outputs = RunOnce(*CreateEngine(network), RandomArray({1, 3, 8, 8}, 1));
  EXPECT_EQ(outputs.at(0).shape, (Shape{1, 1, 8, 8}));
  EXPECT_THAT(InputErrorOf([&] { CreateEngine(network.Tap({"best"})); }),
              AllOf(HasSubstr("'best'"), HasSubstr("int64")));
}

TEST(Engine, ConvertsHalfAndDoublePrecision) {
  constexpr int64_t kHalf = 10;
  constexpr int64_t kDouble = 11;
  ModelBuilder b("input", {-1, 4});
  b.Apply("Cast", "half", {b.input()}, {{"to", kHalf}});
  b.Apply("Cast", "double", {b.input()}, {{"to", kDouble}});
  b.Output(b.Relu("relu", b.input()));
  const auto engine = CreateEngine(b.Build("casts").Tap({"half", "double"}));
  const auto outputs = RunOnce(*engine, {{1, 4}, {0.5F, -2.0F, 1.0F / 3.0F, 1000.0F}});
  EXPECT_EQ(outputs.at(0).values, (std::vector<float>{0.5F, -2.0F, 0.33325195F, 1000.0F}));
  EXPECT_EQ(outputs.at(1).values, (std::vector<float>{0.5F, -2.0F, 1.0F / 3.0F, 1000.0F}));
}

TEST(Engine, ExceptionsOfTheReceiverPassThrough) {
  const auto engine = CreateEngine(SmallNetwork().Build("small"));
  const Array input = RandomArray({1, 3, 16, 16}, 1);
  const ArrayView view = input.View();
  EXPECT_THROW(engine->Run({&view, 1}, [](auto) { throw std::out_of_range("mine"); }),
               std::out_of_range);
}

TEST(Engine, KnowsItsVersion) { EXPECT_THAT(EngineVersion(), HasSubstr(".")); }

}  // namespace
}  // namespace milan
