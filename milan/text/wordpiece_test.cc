#include "milan/text/wordpiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::Throws;

// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, then as listed.
const std::vector<std::string> kPieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]",  "dog",   "##s",
                                          "un",    "##it",  "cafe",  ",",      "-",     "close",
                                          "up",    "the",   "##un",  "\u72ac", "\u00f8"};

WordPiece Uncased() { return WordPiece::FromPieces(kPieces, "vocab.txt"); }

TEST(WordPieceTest, SplitsWordsIntoTheLongestPieces) {
  const WordPiece pieces = Uncased();
  EXPECT_FALSE(pieces.IsCased());
  EXPECT_THAT(pieces.Encode("dogs"), ElementsAre(2, 4, 5, 3));
  EXPECT_THAT(pieces.Encode("the units"), ElementsAre(2, 13, 6, 7, 5, 3));
  EXPECT_THAT(pieces.Encode("  close-up, \tdog\n"), ElementsAre(2, 11, 10, 12, 9, 4, 3));
  EXPECT_THAT(pieces.Encode(""), ElementsAre(2, 3));
}

TEST(WordPieceTest, AWordWithoutPiecesIsUnknownAsAWhole) {
  EXPECT_THAT(Uncased().Encode("dogx dog"), ElementsAre(2, 1, 4, 3));
  EXPECT_THAT(Uncased().Encode(std::string(101, 'u')), ElementsAre(2, 1, 3));
}

TEST(WordPieceTest, UncasedModelsSeeNoCaseAndNoAccents) {
  EXPECT_THAT(Uncased().Encode("DOG Caf\u00e9 CAF\u00c9"), ElementsAre(2, 4, 8, 8, 3));
  EXPECT_THAT(Uncased().Encode("cafe\u0301"), ElementsAre(2, 8, 3));  // decomposed
  EXPECT_THAT(Uncased().Encode("\u00d8"), ElementsAre(2, 16, 3));     // no accent, only case
  EXPECT_THAT(Uncased().Encode("dog\u72acdog"), ElementsAre(2, 4, 15, 4, 3));
}

TEST(WordPieceTest, CasedModelsSeeCase) {
  std::vector<std::string> cased = kPieces;
  cased.emplace_back("Dog");
  const WordPiece pieces = WordPiece::FromPieces(cased, "vocab.txt");
  EXPECT_TRUE(pieces.IsCased());
  EXPECT_THAT(pieces.Encode("Dog dog caf\u00e9"), ElementsAre(2, 17, 4, 1, 3));
}

TEST(WordPieceTest, LongTextsAreCutBeforeTheEndMark) {
  EXPECT_THAT(Uncased().Encode("dog the dogs", 5), ElementsAre(2, 4, 13, 4, 3));
  EXPECT_THAT(Uncased().Encode("dog", 2), ElementsAre(2, 3));
}

TEST(WordPieceTest, FilesThatAreNoVocabularyAreNamed) {
  const TemporaryFolder folder;
  const Path path = folder / "vocab.txt";
  const auto fails = [&](const std::string& problem) {
    return Throws<Error>(
        AllOf(Property(&Error::kind, ErrorKind::kInput),
              Property(&Error::what, AllOf(HasSubstr(path.string()), HasSubstr(problem)))));
  };
  const auto read = [&] { return WordPiece::Read(path); };
  EXPECT_THAT(read, fails("vocab.txt"));  // missing
  WriteFileAtomically(path, "[UNK]\n[CLS]\ndog\n");
  EXPECT_THAT(read, fails("[SEP]"));
  WriteFileAtomically(path, "[UNK]\n[CLS]\n[SEP]\ndog\ndog\n");
  EXPECT_THAT(read, fails("line 5"));
  WriteFileAtomically(path, "[UNK]\r\n[CLS]\r\n[SEP]\r\ndog\r\n");
  EXPECT_THAT(read().Encode("dog"), ElementsAre(1, 3, 2));
}

}  // namespace
}  // namespace milan
