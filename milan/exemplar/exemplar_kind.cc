#include "milan/exemplar/exemplar_kind.h"

#include "milan/base/error.h"

namespace milan {

std::string ToString(ExemplarKind kind) {
  switch (kind) {
    case ExemplarKind::kStrongest:
      return "strongest";
    case ExemplarKind::kWeakest:
      return "weakest";
    case ExemplarKind::kMiddle:
      return "middle";
    case ExemplarKind::kRandom:
      break;
  }
  return "random";
}

ExemplarKind ParseExemplarKind(const std::string& text) {
  for (const ExemplarKind kind : {ExemplarKind::kStrongest, ExemplarKind::kWeakest,
                                  ExemplarKind::kMiddle, ExemplarKind::kRandom}) {
    if (text == ToString(kind)) return kind;
  }
  throw UsageError("exemplars '" + text + "': expected strongest, weakest, middle or random");
}

std::string ExemplarFolder(ExemplarKind kind) {
  return kind == ExemplarKind::kStrongest ? "exemplars" : "exemplars-" + ToString(kind);
}

KeptPhotos PhotosToKeep(int64_t k, const ExemplarKinds& also) {
  KeptPhotos kept = {.strongest = k};
  for (const ExemplarKind kind : also) {
    if (kind == ExemplarKind::kWeakest) kept.weakest = k;
    if (kind == ExemplarKind::kMiddle || kind == ExemplarKind::kRandom) kept.sampled = 4 * k;
  }
  return kept;
}

}  // namespace milan
