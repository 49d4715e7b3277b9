#include "milan/base/pickle.h"

#include <array>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/pickle_content.h"
#include "milan/base/printable.h"

namespace milan {

std::string KindOf(const PickleValue& value) {
  static constexpr std::array kKinds = {"None",   "a bool",  "an integer", "a float",
                                        "a text", "bytes",   "a tuple",    "a list",
                                        "a dict", "a class", "a storage",  "a tensor"};
  static_assert(kKinds.size() == std::variant_size_v<decltype(PickleValue::value)>);
  return kKinds.at(value.value.index());
}

const PickleValue& PickleView::Value() const { return content_->values[place_]; }

void PickleView::Fail(const std::string& expected) const {
  throw InputError(content_->name + ": " +
                   (way_.empty() ? "the whole" : "'" + Printable(way_) + "'") + " is " +
                   KindOf(Value()) + ", expected " + expected);
}

bool PickleView::IsNone() const { return std::holds_alternative<std::monostate>(Value().value); }
bool PickleView::IsDict() const { return std::holds_alternative<PickleDict>(Value().value); }

bool PickleView::AsBool() const {
  if (const auto* value = std::get_if<bool>(&Value().value)) return *value;
  Fail("a bool");
}

int64_t PickleView::AsInteger() const {
  if (const auto* value = std::get_if<int64_t>(&Value().value)) return *value;
  Fail("an integer");
}

double PickleView::AsNumber() const {
  if (const auto* value = std::get_if<double>(&Value().value)) return *value;
  if (const auto* value = std::get_if<int64_t>(&Value().value)) return static_cast<double>(*value);
  Fail("a number");
}

std::string PickleView::AsText() const {
  if (const auto* value = std::get_if<std::string_view>(&Value().value)) {
    return std::string(*value);
  }
  Fail("a text");
}

PickledTensor PickleView::AsTensor() const {
  if (const auto* value = std::get_if<std::unique_ptr<PickledTensor>>(&Value().value)) {
    return **value;
  }
  Fail("a tensor");
}

std::vector<PickleView> PickleView::Items() const {
  const std::vector<uint32_t>* items = nullptr;
  if (const auto* tuple = std::get_if<PickleTuple>(&Value().value)) items = &tuple->items;
  if (const auto* list = std::get_if<PickleList>(&Value().value)) items = &list->items;
  if (items == nullptr) Fail("a list or a tuple");
  std::vector<PickleView> views;
  for (size_t i = 0; i < items->size(); ++i) {
    views.push_back({*content_, (*items)[i], way_ + "[" + std::to_string(i) + "]"});
  }
  return views;
}

const std::vector<uint32_t>& PickleView::DictItems() const {
  if (const auto* dict = std::get_if<PickleDict>(&Value().value)) return dict->items;
  Fail("a dict");
}

/// The value whose key is at that place among the dict's items.
PickleView PickleView::Member(size_t key) const {
  const std::vector<uint32_t>& items = DictItems();
  const auto name = std::get<std::string_view>(content_->values[items[key]].value);
  return {*content_, items[key + 1], way_ + (way_.empty() ? "" : ".") + std::string(name)};
}

std::vector<std::pair<std::string, PickleView>> PickleView::Members() const {
  const std::vector<uint32_t>& items = DictItems();
  std::vector<std::pair<std::string, PickleView>> members;
  for (size_t i = 0; i < items.size(); i += 2) {
    members.emplace_back(std::get<std::string_view>(content_->values[items[i]].value), Member(i));
  }
  return members;
}

bool PickleView::Has(std::string_view key) const { return Find(key).has_value(); }

std::optional<PickleView> PickleView::Find(std::string_view key) const {
  const std::vector<uint32_t>& items = DictItems();
  for (size_t i = items.size(); i > 0; i -= 2) {
    if (std::get<std::string_view>(content_->values[items[i - 2]].value) == key) {
      return Member(i - 2);
    }
  }
  return std::nullopt;
}

PickleView PickleView::At(std::string_view key) const {
  if (const auto found = Find(key)) return *found;
  throw InputError(content_->name + ": " + (way_.empty() ? "" : "'" + Printable(way_) + "' has ") +
                   "no member '" + std::string(key) + "'");
}

Pickle::Pickle(std::string content, const std::string& name)
    : content_(std::make_unique<PickleContent>()) {
  content_->text = std::move(content);
  content_->name = name;
  ParsePickle(*content_);
}
Pickle::~Pickle() = default;
Pickle::Pickle(Pickle&&) noexcept = default;
Pickle& Pickle::operator=(Pickle&&) noexcept = default;

PickleView Pickle::root() const { return {*content_, content_->root, ""}; }

}  // namespace milan
