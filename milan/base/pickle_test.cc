#include "milan/base/pickle.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kBegin = "\x80\x02"s;

Pickle Read(const std::string& body) { return {kBegin + body + ".", "x.pth"}; }

std::string FailureOf(const std::string& content) {
  try {
    const Pickle pickle(content, "x.pth");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

/// BINUNICODE.
std::string Text(const std::string& text) {
  std::string bytes = "X";
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 255);
  return bytes + text;
}

const std::string kOrderedDict = "ccollections\nOrderedDict\n)R";

/// torch's pickle of a tensor of float32.
std::string Tensor(const std::string& shape, const std::string& strides, char offset = 0,
                   char count = 6) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\nFloatStorage\n" +
         Text("0") + Text("cpu") + "K" + count + "tQK" + offset + shape + strides + "\x89" +
         kOrderedDict + "tR";
}

TEST(Pickle, ReadsPlainValues) {
  const Pickle pickle = Read(
      "}(" + Text("none") + "N" + Text("yes") + "\x88" + Text("small") + "K\xff" + Text("middle") +
      "M\x01\x02" + Text("minus") + "J\xfe\xff\xff\xff" + Text("half") + "G\x3f\xe0\0\0\0\0\0\0"s +
      Text("list") + "](K\x01K\x02" + "e" + Text("one") + "]K\x07" + "a" + "u");
  const PickleView root = pickle.root();
  EXPECT_TRUE(root.At("none").IsNone());
  EXPECT_TRUE(root.At("yes").AsBool());
  EXPECT_EQ(root.At("small").AsInteger(), 255);
  EXPECT_EQ(root.At("middle").AsInteger(), 513);
  EXPECT_EQ(root.At("minus").AsInteger(), -2);
  EXPECT_EQ(root.At("half").AsNumber(), 0.5);
  EXPECT_EQ(root.At("small").AsNumber(), 255);
  EXPECT_THAT(root.At("list").Items(), SizeIs(2));
  EXPECT_EQ(root.At("one").Items().at(0).AsInteger(), 7);
  EXPECT_FALSE(root.Has("other"));
}

TEST(Pickle, WhatIsRememberedIsTheSameValue) {
  const Pickle pickle = Read("(]q" + "\0"s + "h" + "\0"s + "K\x05" + "at");
  EXPECT_EQ(pickle.root().Items().at(0).Items().at(0).AsInteger(), 5);
}

TEST(Pickle, TheLastOfTwoEqualKeysCounts) {
  const Pickle pickle = Read("}(" + Text("a") + "K\x01" + Text("a") + "K\x02u");
  EXPECT_EQ(pickle.root().At("a").AsInteger(), 2);
}

TEST(Pickle, ErrorsNameTheWayToAValue) {
  const Pickle pickle = Read("}" + Text("a") + "}" + Text("b") + "](K\x01Ness");
  try {
    pickle.root().At("a").At("b").Items().at(1).AsText();
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "x.pth: 'a.b[1]' is None, expected a text");
  }
  EXPECT_THROW(pickle.root().At("c"), Error);
}

TEST(Pickle, ReadsTensorsAsPartsOfStorages) {
  const Pickle pickle = Read(Tensor("K\x02K\x02\x86", "K\x02K\x01\x86", 2));
  const PickledTensor tensor = pickle.root().AsTensor();
  EXPECT_EQ(tensor.type, DataType::kF32);
  EXPECT_EQ(tensor.storage, "0");
  EXPECT_EQ(tensor.offset, 2);
  EXPECT_EQ(tensor.shape, (Shape{2, 2}));
  // A size of 1 may have any stride.
  EXPECT_EQ(Read(Tensor("K\x01K\x03\x86", "K\x09K\x01\x86")).root().AsTensor().shape,
            (Shape{1, 3}));
}

TEST(Pickle, TensorsLieInCOrderInsideTheirStorage) {
  const auto failure = [](const std::string& shape, const std::string& strides, char offset = 0) {
    return FailureOf(kBegin + Tensor(shape, strides, offset) + ".");
  };
  EXPECT_THAT(failure("K\x02K\x02\x86", "K\x01K\x02\x86"), HasSubstr("C order"));
  EXPECT_THAT(failure("K\x09\x85", "K\0\x85"s), HasSubstr("C order"));
  EXPECT_THAT(failure("K\x06\x85", "K\x01\x85", 1), HasSubstr("not inside its storage"));
  EXPECT_THAT(failure("K\x06\x85", "K\x01K\x01\x86"), HasSubstr("differ in number"));
  const std::string huge = "J\xff\xff\xff\x7f";
  EXPECT_THAT(failure("(" + huge + huge + huge + "t", "(K\x01K\x01K\x01t"), HasSubstr("large"));
  EXPECT_THAT(failure("J\xff\xff\xff\xff\x85", "K\x01\x85"), HasSubstr("negative"));
}

TEST(Pickle, NamesThatAreNotOfCheckpointsAreRefusedWithTheirPlace) {
  EXPECT_THAT(FailureOf(kBegin + "cposix\nsystem\n" + Text("rm -rf /") + "\x85R."),
              AllOf(HasSubstr("byte 2: opcode GLOBAL"), HasSubstr("posix system"),
                    HasSubstr("nothing of the file was executed")));
  EXPECT_THAT(FailureOf(kBegin + "ccollections\nCounter\n)R."), HasSubstr("collections Counter"));
  EXPECT_THAT(FailureOf(kBegin + "cbuiltins\neval\n."), HasSubstr("builtins eval"));
  // A name that is allowed must be used as checkpoints use it.
  EXPECT_THAT(FailureOf(kBegin + "ctorch\nFloatStorage\n)R."), HasSubstr("opcode REDUCE"));
  EXPECT_THAT(FailureOf(kBegin + "ccollections\nOrderedDict\nK\x01\x85R."), HasSubstr("arguments"));
  EXPECT_THAT(FailureOf(kBegin + "c_codecs\nencode\n" + Text("x") + Text("rot13") + "\x86R."),
              HasSubstr("latin1"));
  EXPECT_THAT(FailureOf(kBegin + "c_codecs\nencode\n)\x81."), HasSubstr("opcode NEWOBJ"));
}

TEST(Pickle, OtherOpcodesAreRefusedByName) {
  EXPECT_THAT(FailureOf(kBegin + "(iposix\nsystem\n."), HasSubstr("byte 3: opcode INST"));
  EXPECT_THAT(FailureOf(kBegin + "\x93."), HasSubstr("opcode STACK_GLOBAL"));
  EXPECT_THAT(FailureOf(kBegin + "\xfe."), HasSubstr("byte value 254"));
  EXPECT_THAT(FailureOf("\x80\x04."), HasSubstr("protocol 4"));
  EXPECT_THAT(FailureOf(kBegin + kBegin + "N."), HasSubstr("byte 2: opcode PROTO"));
  EXPECT_THAT(FailureOf("N."), HasSubstr("PROTO"));
}

TEST(Pickle, BrokenPicklesAreErrors) {
  const std::string whole = kBegin + "}" + Text("a") + Tensor("K\x06\x85", "K\x01\x85") + "s.";
  ASSERT_EQ(FailureOf(whole), "no error");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(FailureOf(whole.substr(0, size)), HasSubstr("x.pth: byte ")) << size;
  }
  EXPECT_THAT(FailureOf(whole + "N"), HasSubstr("bytes follow"));
  EXPECT_THAT(FailureOf(kBegin + "NN."), HasSubstr("left on the stack"));
  EXPECT_THAT(FailureOf(kBegin + "X\xff\xff\xff\xff" + "abc."), HasSubstr("in the middle"));
  EXPECT_THAT(FailureOf(kBegin + "h\x05."), HasSubstr("nothing is remembered as 5"));
  EXPECT_THAT(FailureOf(kBegin + "Nr\xff\xff\xff\x7f."), HasSubstr("opcode LONG_BINPUT"));
  EXPECT_THAT(FailureOf(kBegin + "N(s."), HasSubstr("needs a value"));
  EXPECT_THAT(FailureOf(kBegin + "t."), HasSubstr("needs a MARK"));
  EXPECT_THAT(FailureOf(kBegin + "}(K\x01K\x02u."), HasSubstr("key of a dict is an integer"));
  EXPECT_THAT(FailureOf(kBegin + "}(" + Text("a") + "u."), HasSubstr("key without a value"));
}

TEST(Pickle, LimitsHold) {
  EXPECT_THAT(FailureOf(kBegin + std::string(Pickle::kDeepestNesting + 1, '(')),
              HasSubstr("opcode MARK: more than 1024"));
  EXPECT_THAT(FailureOf(kBegin + std::string(Pickle::kMostOpcodes, 'N')),
              HasSubstr("opcode NONE: more than 2097152 opcodes"));
  // Nesting without marks costs nothing: a million tuples around one another.
  std::string deep = "N";
  for (int i = 0; i < 1'000'000; ++i) deep += '\x85';
  EXPECT_THAT(Read(deep).root().Items(), SizeIs(1));
}

TEST(Pickle, AListMayHoldItself) {
  const Pickle pickle = Read("]q" + "\0"s + "h" + "\0"s + "a");
  EXPECT_THAT(pickle.root().Items().at(0).Items().at(0).Items(), SizeIs(1));
}

}  // namespace
}  // namespace milan
