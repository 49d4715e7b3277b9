#include "milan/captioner/set_decoder.h"

#include <gtest/gtest.h>

#include "milan/captioner/captioner.h"
#include "milan/captioner/principal_components.h"

namespace milan {
namespace {

constexpr int64_t kSetCount = 3;
constexpr int64_t kSetSize = 5;
constexpr int64_t kSetFeatures = 7;

class SetDecoding : public testing::Test {
 protected:
  SetDecoding() {
    torch::manual_seed(3);
    decoder_ = SetDecoder(SetDecoderSizes{.vocabulary = vocabulary_.size(),
                                          .features = kSetFeatures,
                                          .hidden = 12,
                                          .width = 16,
                                          .heads = 2,
                                          .length = 9});
    features_ = torch::randn({kSetCount, kSetSize, kSetFeatures}) * 10;
    decoder_->BeginTraining(features_);
    decoder_->eval();
  }

  torch::Tensor Forced(const torch::Tensor& features, const torch::Tensor& inputs) {
    const torch::NoGradGuard no_gradient;
    return decoder_->LogProbabilitiesOf(decoder_->Encode(features), inputs);
  }
  static double LargestDifference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
  }

  const Vocabulary vocabulary_ = Vocabulary::FromTokens({"red", "blue", "dog", "of"});
  SetDecoder decoder_{nullptr};
  torch::Tensor features_;
};

TEST_F(SetDecoding, StepsGiveWhatTheWholeTextGives) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs =
      torch::tensor({{4, 0, 1, 2, 3}, {4, 1, 1, 3, 2}, {4, 2, 0, 0, 1}}, torch::kLong);
  const torch::Tensor whole = Forced(features_, inputs);
  const Tensors memory = decoder_->Encode(features_);
  Tensors state = decoder_->Start(memory);
  for (int64_t step = 0; step < inputs.size(1); ++step) {
    auto [next, log_probabilities] = decoder_->Next(memory, inputs.select(1, step), state);
    EXPECT_LT(LargestDifference(log_probabilities, whole.select(1, step)), 1e-5) << step;
    state = std::move(next);
  }
}

TEST_F(SetDecoding, RowsOfAUnitSeeThatUnit) {
  const torch::NoGradGuard no_gradient;
  const Tensors memory = decoder_->Encode(features_);
  const torch::Tensor parents = torch::tensor({0, 0, 1, 1, 2, 2}, torch::kLong);
  Tensors state;
  for (const torch::Tensor& part : decoder_->Start(memory)) {
    state.push_back(part.index_select(0, parents));
  }
  const torch::Tensor tokens = torch::tensor({4, 1, 4, 1, 4, 1}, torch::kLong);
  const torch::Tensor found = decoder_->Next(memory, tokens, state).log_probabilities;
  for (int64_t unit = 0; unit < kSetCount; ++unit) {
    const Tensors alone = decoder_->Encode(features_.narrow(0, unit, 1));
    for (int64_t row = 0; row < 2; ++row) {
      const torch::Tensor expected =
          decoder_->Next(alone, tokens.narrow(0, row, 1), decoder_->Start(alone)).log_probabilities;
      EXPECT_LT(LargestDifference(found.narrow(0, 2 * unit + row, 1), expected), 1e-5);
    }
  }
}

TEST_F(SetDecoding, FinishedReadsTheFeaturesAsItDidAlongTheirComponents) {
  decoder_ = SetDecoder(SetDecoderSizes{.vocabulary = vocabulary_.size(),
                                        .features = kSetFeatures,
                                        .hidden = 12,
                                        .width = 16,
                                        .heads = 2,
                                        .length = 9},
                        SetDecoderTraining{.components = 4});
  const torch::Tensor prepared = decoder_->BeginTraining(features_);
  EXPECT_EQ(prepared.sizes(), torch::IntArrayRef({kSetCount, kSetSize, 4}));
  decoder_->eval();
  const torch::Tensor inputs = torch::tensor({{4, 0, 1}}, torch::kLong).expand({kSetCount, -1});
  const torch::Tensor before = Forced(features_, inputs);
  decoder_->FinishTraining();
  EXPECT_LT(LargestDifference(Forced(features_, inputs), before), 1e-5);
  EXPECT_EQ(decoder_->named_parameters()["read.weight"].size(1), kSetFeatures);
  EXPECT_FALSE(decoder_->named_buffers().contains("components.columns"));
}

TEST(ComponentsOfFeatures, AreThoseOfMostVariance) {
  torch::manual_seed(1);
  // Variances 9, 4, 1 and 0.01 along known axes.
  const torch::Tensor axes = std::get<0>(torch::linalg_qr(torch::randn({4, 4})));
  const torch::Tensor covariance =
      axes.matmul(torch::diag(torch::tensor({9.0F, 4.0F, 1.0F, 0.01F}))).matmul(axes.t());
  const torch::Tensor found = PrincipalComponents(covariance, 2);
  EXPECT_LT((found.t().matmul(found) - torch::eye(2)).abs().max().item<double>(), 1e-5);
  const torch::Tensor along = found.t().matmul(covariance).matmul(found);
  EXPECT_GT(along.trace().item<double>(), 12.9);
}

TEST_F(SetDecoding, OrderOfTheExemplarsDoesNotMatter) {
  const torch::Tensor inputs = torch::tensor({{4, 0, 1}}, torch::kLong).expand({kSetCount, -1});
  const torch::Tensor turned = features_.flip(1);
  EXPECT_LT(LargestDifference(Forced(features_, inputs), Forced(turned, inputs)), 1e-5);
}

TEST_F(SetDecoding, FeaturesFarFromTheTrainingsAreStillFinite) {
  const torch::Tensor inputs = torch::tensor({{4, 0, 1}}, torch::kLong).expand({kSetCount, -1});
  EXPECT_TRUE(Forced(features_ * 1e20, inputs).isfinite().all().item<bool>());
}

TEST_F(SetDecoding, TextsMayBeLongerThanThePositionsThatAreToldApart) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs =
      torch::tensor({{4, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2}}, torch::kLong).expand({kSetCount, -1});
  const torch::Tensor whole = Forced(features_, inputs);
  const Tensors memory = decoder_->Encode(features_);
  Tensors state = decoder_->Start(memory);
  for (int64_t step = 0; step < inputs.size(1); ++step) {
    auto [next, log_probabilities] = decoder_->Next(memory, inputs.select(1, step), state);
    EXPECT_LT(LargestDifference(log_probabilities, whole.select(1, step)), 1e-5) << step;
    state = std::move(next);
  }
}

TEST_F(SetDecoding, LaterWordsDoNotReachEarlierOnes) {
  const torch::Tensor one = torch::tensor({{4, 0, 1, 2}}, torch::kLong).expand({kSetCount, -1});
  const torch::Tensor other = torch::tensor({{4, 0, 3, 3}}, torch::kLong).expand({kSetCount, -1});
  const torch::Tensor a = Forced(features_, one).narrow(1, 0, 2);
  const torch::Tensor b = Forced(features_, other).narrow(1, 0, 2);
  EXPECT_LT(LargestDifference(a, b), 1e-6);
}

TEST_F(SetDecoding, LossFallsToTheSmoothedMinimumOfATextLearntByHeart) {
  SetDecoder learner(SetDecoderSizes{.vocabulary = vocabulary_.size(),
                                     .features = kSetFeatures,
                                     .hidden = 12,
                                     .width = 16,
                                     .heads = 2,
                                     .length = 9},
                     SetDecoderTraining{.dropout = 0,
                                        .feature_noise = 0,
                                        .word_dropout = 0,
                                        .label_smoothing = 0,
                                        .fewest_exemplars = 2});
  const torch::Tensor prepared = learner->BeginTraining(features_);
  torch::optim::AdamW optimizer(learner->parameters(), torch::optim::AdamWOptions(1e-2));
  const std::vector<std::vector<int>> texts = {{0, 2}, {1}, {2, 3, 1}};
  const TextBatch batch = MakeTextBatch(std::vector{&texts[0], &texts[1], &texts[2]}, vocabulary_);
  double loss = 0;
  for (int step = 0; step < 150; ++step) {
    optimizer.zero_grad();
    const torch::Tensor value = learner->Loss(prepared, batch, vocabulary_);
    value.backward();
    optimizer.step();
    loss = value.item<double>();
  }
  EXPECT_LT(loss, 0.1);
  learner->FinishTraining();
  learner->eval();
  LanguageModel language_model(LanguageModelSizes{vocabulary_.size(), vocabulary_.pad(), 4, 4, 1},
                               0);
  const Captioner captioner(vocabulary_, learner.ptr(), language_model);
  const auto greedy = captioner.Greedy(features_, 8);
  EXPECT_EQ(captioner.Text(greedy[0]), "red dog");
  EXPECT_EQ(captioner.Text(greedy[1]), "blue");
  EXPECT_EQ(captioner.Text(greedy[2]), "dog of blue");
}

}  // namespace
}  // namespace milan
