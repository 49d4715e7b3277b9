// Writes what checkpoint_fuzz.cc begins with: make_checkpoint_corpus FOLDER.

#include <cstdio>

#include "milan/base/file.h"
#include "tests/support/torch_file.h"

namespace milan {
namespace {

using T = TorchFile;

void Write(const Path& folder) {
  TorchFile file;
  const std::string words = T::Tuple({T::Text("a"), T::Text("b")});
  const std::string root = T::Dict(
      {{"state_dict",
        T::Dict({{"w", file.Tensor({{2, 3}, {1, 2, 3, 4, 5, 6}})}, {"b", file.Tensor({{}, {7}})}})},
       {"properties", T::Dict({{"tokens", words},
                               {"temperature", T::Real(0.2)},
                               {"beam_size", T::Integer(50)},
                               {"start", T::Bool(true)},
                               {"length", T::None()}})}});
  file.Write(folder / "module.pth", root);
  const auto pickle = [&](const std::string& name, const std::string& body) {
    WriteFileAtomically(folder / name, "\x80\x02" + body + ".");
  };
  pickle("module.pkl", root);
  pickle("spacy.pkl", "cthinc.config\nConfig\n)\x81}b");
  pickle("bytes.pkl", "c_codecs\nencode\n" + T::Text("\xc3\xbf") + T::Text("latin1") + "\x86R");
  pickle("itself.pkl", std::string("]q\0h\0a", 6));
  pickle("system.pkl", "cposix\nsystem\n" + T::Text("true") + "\x85R");
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  milan::CreateFolder(argv[1]);
  milan::Write(argv[1]);
  return 0;
}
