#include "milan/captioner/confidence.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

using Row = std::vector<double>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double Standardised(const ConfidenceModel::Term& term, double signal) {
  if (std::isnan(signal)) return 0;
  return std::clamp((signal - term.mean) / term.scale, -ConfidenceModel::kFarthest,
                    ConfidenceModel::kFarthest);
}

/// Mean and standard deviation of one signal over the units that have it.
void SetScale(std::span<const CalibrationUnit> units, size_t signal, ConfidenceModel::Term& term) {
  double sum = 0;
  double square = 0;
  double count = 0;
  for (const CalibrationUnit& unit : units) {
    const double value = unit.signals[signal];
    if (!std::isfinite(value)) continue;
    sum += value;
    square += value * value;
    ++count;
  }
  if (count == 0) return;
  term.mean = sum / count;
  const double variance = square / count - term.mean * term.mean;
  constexpr double kTiny = 1e-12;  // a signal that is the same everywhere says nothing
  term.scale = variance > kTiny ? std::sqrt(variance) : 1;
}

/// Solves a symmetric positive definite system by Cholesky's method; `matrix` is overwritten.
Row Solve(std::vector<Row>& matrix, Row right) {
  const size_t size = right.size();
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      matrix[i][j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / matrix[j][j];
    }
  }
  for (size_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < i; ++k) right[i] -= matrix[i][k] * right[k];
    right[i] /= matrix[i][i];
  }
  for (size_t i = size; i-- > 0;) {
    for (size_t k = i + 1; k < size; ++k) right[i] -= matrix[k][i] * right[k];
    right[i] /= matrix[i][i];
  }
  return right;
}

/// One step of Newton's method; returns its greatest change. The last weight is the bias.
double Step(const std::vector<Row>& rows, std::span<const CalibrationUnit> units, double ridge,
            Row& weights) {
  const size_t size = weights.size();
  Row gradient(size, 0);
  std::vector<Row> hessian(size, Row(size, 0));
  for (size_t i = 0; i + 1 < size; ++i) {
    gradient[i] = -ridge * weights[i];
    hessian[i][i] = ridge;
  }
  hessian[size - 1][size - 1] = 1e-9;
  for (size_t unit = 0; unit < rows.size(); ++unit) {
    double sum = 0;
    for (size_t i = 0; i < size; ++i) sum += weights[i] * rows[unit][i];
    const double p = Sigmoid(sum);
    const double error = (units[unit].is_right ? 1 : 0) - p;
    for (size_t i = 0; i < size; ++i) {
      gradient[i] += error * rows[unit][i];
      for (size_t j = 0; j <= i; ++j) {
        hessian[i][j] += p * (1 - p) * rows[unit][i] * rows[unit][j];
      }
    }
  }
  const Row change = Solve(hessian, gradient);
  double greatest = 0;
  for (size_t i = 0; i < size; ++i) {
    // Far from the solution a full step may overshoot; none needs more than this.
    const double step = std::clamp(change[i], -2.0, 2.0);
    weights[i] += step;
    greatest = std::max(greatest, std::abs(step));
  }
  return greatest;
}

Row FitWeights(std::span<const CalibrationUnit> units, const ConfidenceModel& model, double ridge) {
  std::vector<Row> rows;
  for (const CalibrationUnit& unit : units) {
    Row& row = rows.emplace_back();
    for (size_t i = 0; i < model.terms.size(); ++i) {
      row.push_back(Standardised(model.terms[i], unit.signals[i]));
    }
    row.push_back(1);
  }
  Row weights(model.terms.size() + 1, 0);
  constexpr int kMostSteps = 100;
  constexpr double kConverged = 1e-10;
  for (int i = 0; i < kMostSteps && Step(rows, units, ridge, weights) > kConverged; ++i) {
  }
  return weights;
}

}  // namespace

double ConfidenceModel::Confidence(std::span<const double> signals) const {
  MILAN_CHECK(signals.size() == terms.size(), "signals of another model");
  double sum = bias;
  for (size_t i = 0; i < terms.size(); ++i) {
    sum += terms[i].weight * Standardised(terms[i], signals[i]);
  }
  return Sigmoid(sum);
}

ConfidenceModel FitConfidence(std::span<const CalibrationUnit> units,
                              const std::vector<std::string>& names, const FitOptions& options) {
  MILAN_CHECK(!units.empty(), "a confidence is fitted on units");
  ConfidenceModel model;
  for (size_t i = 0; i < names.size(); ++i) {
    model.terms.push_back({names[i]});
    SetScale(units, i, model.terms.back());
  }
  const auto right = static_cast<double>(std::count_if(
      units.begin(), units.end(), [](const CalibrationUnit& unit) { return unit.is_right; }));
  const auto all = static_cast<double>(units.size());
  if (right == 0 || right == all) {
    model.bias = std::log((right + 1) / (all - right + 1));
    return model;
  }
  const Row weights = FitWeights(units, model, options.ridge);
  for (size_t i = 0; i < names.size(); ++i) model.terms[i].weight = weights[i];
  model.bias = weights.back();
  return model;
}

std::vector<double> CrossValidate(std::span<const CalibrationUnit> units,
                                  const std::vector<std::string>& names,
                                  const FitOptions& options) {
  const size_t folds = std::min(static_cast<size_t>(std::max(options.folds, 2)), units.size());
  std::vector<double> confidences(units.size(), 0.5);
  if (folds < 2) return confidences;  // nothing is left to fit on
  const std::vector<size_t> order = Random(options.seed).Permutation(units.size());
  for (size_t fold = 0; fold < folds; ++fold) {
    std::vector<CalibrationUnit> others;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i % folds != fold) others.push_back(units[order[i]]);
    }
    const ConfidenceModel model = FitConfidence(others, names, options);
    for (size_t i = fold; i < order.size(); i += folds) {
      confidences[order[i]] = model.Confidence(units[order[i]].signals);
    }
  }
  return confidences;
}

double ThresholdFor(std::span<const std::vector<double>> nulls, double rate) {
  double threshold = 0;
  for (const std::vector<double>& kind : nulls) {
    if (kind.empty()) continue;
    std::vector<double> sorted = kind;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    // The epsilon is for rates such as 0.05 * 20, which are a whole number only nearly.
    const auto may_pass = static_cast<size_t>(rate * static_cast<double>(sorted.size()) + 1e-9);
    if (may_pass >= sorted.size()) continue;
    const double above = std::nextafter(sorted[may_pass], std::numeric_limits<double>::infinity());
    threshold = std::max(threshold, above);
  }
  return threshold;
}

double PassRate(std::span<const double> confidences, double threshold) {
  if (confidences.empty()) return 0;
  const auto passed = std::count_if(confidences.begin(), confidences.end(),
                                    [&](double confidence) { return confidence >= threshold; });
  return static_cast<double>(passed) / static_cast<double>(confidences.size());
}

}  // namespace milan
