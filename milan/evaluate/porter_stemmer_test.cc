#include "milan/evaluate/porter_stemmer.h"

#include <gtest/gtest.h>

namespace milan {
namespace {

struct Case {
  const char* word;
  const char* stem;
};

// Examples of the paper (M. F. Porter, An algorithm for suffix stripping, 1980), by step.
TEST(PorterStemTest, StemsAsThePaperDoes) {
  for (const auto& [word, stem] : {Case{"caresses", "caress"}, {"ponies", "poni"},
                                   {"caress", "caress"},       {"cats", "cat"},
                                   {"feed", "feed"},           {"agreed", "agre"},
                                   {"plastered", "plaster"},   {"bled", "bled"},
                                   {"motoring", "motor"},      {"sing", "sing"},
                                   {"conflated", "conflat"},   {"troubled", "troubl"},
                                   {"sized", "size"},          {"hopping", "hop"},
                                   {"tanned", "tan"},          {"falling", "fall"},
                                   {"hissing", "hiss"},        {"fizzed", "fizz"},
                                   {"failing", "fail"},        {"filing", "file"},
                                   {"happy", "happi"},         {"relational", "relat"},
                                   {"conditional", "condit"},  {"rational", "ration"},
                                   {"digitizer", "digit"},     {"radically", "radic"},
                                   {"differently", "differ"},  {"vilely", "vile"},
                                   {"analogously", "analog"},  {"vietnamization", "vietnam"},
                                   {"feudalism", "feudal"},    {"decisiveness", "decis"},
                                   {"hopefulness", "hope"},    {"formality", "formal"},
                                   {"sensibility", "sensibl"}, {"triplicate", "triplic"},
                                   {"formalize", "formal"},    {"electrical", "electr"},
                                   {"goodness", "good"},       {"revival", "reviv"},
                                   {"allowance", "allow"},     {"airliner", "airlin"},
                                   {"adjustable", "adjust"},   {"irritant", "irrit"},
                                   {"replacement", "replac"},  {"adoption", "adopt"},
                                   {"communism", "commun"},    {"effective", "effect"},
                                   {"probate", "probat"},      {"rate", "rate"},
                                   {"cease", "ceas"},          {"controlling", "control"},
                                   {"rolling", "roll"}}) {
    EXPECT_EQ(PorterStem(word), stem) << word;
  }
}

// Where NLTK's default mode, which the metrics' programs use, differs from the paper.
TEST(PorterStemTest, FollowsNltkBeyondThePaper) {
  for (const auto& [word, stem] : {Case{"dies", "die"},
                                   {"tied", "tie"},
                                   {"spied", "spi"},
                                   {"enjoy", "enjoy"},
                                   {"skies", "sky"},
                                   {"dying", "die"},
                                   {"is", "is"},
                                   {"by", "by"},
                                   {"possibly", "possibl"},
                                   {"geology", "geolog"},
                                   {"", ""}}) {
    EXPECT_EQ(PorterStem(word), stem) << word;
  }
}

}  // namespace
}  // namespace milan
