#include "milan/text/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/npy.h"
#include "milan/text/annotations.h"
#include "milan/text/tokenizer.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::Throws;

TEST(VocabularyTest, OrdersWordsByCountThenFirstAppearance) {
  const std::vector<std::string> texts = {"red dogs", "the dogs", "blue cats and the dogs"};
  EXPECT_THAT(Vocabulary::Build(texts).words(),
              ElementsAre("dogs", "the", "red", "blue", "cats", "and"));
  EXPECT_THAT(Vocabulary::Build(texts, 2).words(), ElementsAre("dogs", "the"));
}

TEST(VocabularyTest, SpecialIdsFollowTheWords) {
  const Vocabulary vocabulary = Vocabulary::FromTokens({"dogs", "red", ","});
  EXPECT_EQ(vocabulary.start(), 3);
  EXPECT_EQ(vocabulary.stop(), 4);
  EXPECT_EQ(vocabulary.pad(), 5);
  EXPECT_EQ(vocabulary.unknown(), 6);
  EXPECT_EQ(vocabulary.size(), 7);
}

TEST(VocabularyTest, EncodesAndDecodes) {
  const Vocabulary vocabulary = Vocabulary::FromTokens({"dogs", "red", ","});
  EXPECT_THAT(vocabulary.Encode("Red, green dogs"), ElementsAre(1, 2, 6, 0));
  EXPECT_THAT(vocabulary.Encode(""), ElementsAre());
  const std::vector<int> ids = {3, 1, 2, 6, 5, 0, 4, 1};
  EXPECT_EQ(vocabulary.Decode(ids), "red, dogs");
  EXPECT_EQ(vocabulary.Decode(std::vector<int>{4, 0}), "");
}

TEST(VocabularyTest, RefusesWordsThatWouldShareOrLackAnId) {
  EXPECT_THAT([] { Vocabulary::FromTokens({"a", "b", "a"}); }, Throws<Error>());
  EXPECT_THAT([] { Vocabulary::FromTokens({"a", ""}); }, Throws<Error>());
  const Vocabulary vocabulary = Vocabulary::FromTokens({"a"});
  EXPECT_THAT([&] { vocabulary.Decode(std::vector<int>{5}); }, Throws<Error>());
  EXPECT_THAT([&] { vocabulary.Decode(std::vector<int>{-1}); }, Throws<Error>());
}

TEST(VocabularyTest, KnowsEveryTextItWasBuiltFrom) {
  MILAN_NEEDS_SHARED_DATA();
  std::vector<std::string> texts;
  for (const Annotation &annotation :
       ReadAnnotations(SharedData("annotations/resnet18_to_layer3.csv"))) {
    texts.push_back(annotation.text);
  }
  const Vocabulary vocabulary = Vocabulary::Build(texts);
  for (const std::string &text : texts) {
    EXPECT_EQ(vocabulary.Words(vocabulary.Encode(text)), Tokenize(text));
  }
}

class ReferenceVocabularyTest : public ::testing::Test {
 protected:
  static Json File(const std::string &name) {
    return ReadJson(SharedData("parity/captioner/" + name));
  }
};

TEST_F(ReferenceVocabularyTest, BuiltFromTheSameTextsIsTheSame) {
  MILAN_NEEDS_SHARED_DATA();
  const Json indexer = File("model.json").at("indexer");
  std::vector<std::string> texts;
  for (const Json &caption : File("training_captions.json")) texts.push_back(caption.at(1));
  const Vocabulary vocabulary = Vocabulary::Build(texts);
  EXPECT_EQ(vocabulary.words(), indexer.at("vocab").get<std::vector<std::string>>());
  EXPECT_EQ(vocabulary.start(), indexer.at("start"));
  EXPECT_EQ(vocabulary.stop(), indexer.at("stop"));
  EXPECT_EQ(vocabulary.pad(), indexer.at("pad"));
  EXPECT_EQ(vocabulary.unknown(), indexer.at("unk"));
}

TEST_F(ReferenceVocabularyTest, IdsGiveTheReferencesTexts) {
  MILAN_NEEDS_SHARED_DATA();
  const Vocabulary vocabulary =
      Vocabulary::FromTokens(File("model.json").at("indexer").at("vocab"));
  const auto arrays = ReadNpz(SharedData("parity/captioner/decoder_expected.npz"));
  for (const char *search : {"greedy_lik", "greedy_mi", "beam50_lik", "beam50_mi", "rerank_t0.2"}) {
    const NpyArray &tokens = arrays.at(std::string(search) + ".tokens");
    const std::vector<int64_t> values = tokens.AsIntegers();
    const std::vector<int> ids(values.begin(), values.end());
    const Json captions = File("captions.json").at("captions").at(search);
    const auto length = static_cast<size_t>(tokens.shape.at(1));
    for (size_t set = 0; set < captions.size(); ++set) {
      const auto sequence = std::span(ids).subspan(set * length, length);
      EXPECT_EQ(ReferenceDetokenize(vocabulary.Words(sequence)), captions[set].get<std::string>())
          << search;
    }
  }
}

TEST_F(ReferenceVocabularyTest, TextsGiveTheReferencesIds) {
  MILAN_NEEDS_SHARED_DATA();
  const Vocabulary vocabulary =
      Vocabulary::FromTokens(File("model.json").at("indexer").at("vocab"));
  const auto arrays = ReadNpz(SharedData("parity/captioner/decoder_expected.npz"));
  const NpyArray &indexed = arrays.at("sent.indexed");
  const std::vector<int64_t> expected = indexed.AsIntegers();
  const Json sentences = File("captions.json").at("sentences");
  const auto length = static_cast<size_t>(indexed.shape.at(1));
  for (size_t row = 0; row < sentences.size(); ++row) {
    std::vector<int> ids = vocabulary.Encode(sentences[row].get<std::string>());
    ids.insert(ids.begin(), vocabulary.start());
    ids.push_back(vocabulary.stop());
    ids.resize(length, vocabulary.pad());
    const auto first = expected.begin() + static_cast<ptrdiff_t>(row * length);
    EXPECT_EQ(ids, std::vector<int>(first, first + static_cast<ptrdiff_t>(length)));
  }
}

}  // namespace
}  // namespace milan
