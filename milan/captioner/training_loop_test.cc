#include "milan/captioner/training_loop.h"

#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

/// A module whose weight is the number of epochs that it has learnt.
class Loop : public testing::Test {
 protected:
  /// The epoch of the weights that are left, when the second of `epochs` epochs validates best.
  double Run(int epochs) {
    plan_.max_epochs = plan_.patience = epochs;
    torch::nn::Linear module(torch::nn::LinearOptions(1, 1).bias(false));
    torch::optim::AdamW optimizer(module->parameters(), torch::optim::AdamWOptions(0.1));
    const torch::NoGradGuard no_gradient;
    module->weight.zero_();
    const ChosenEpoch chosen = TrainEpochs(
        plan_, *module, optimizer,
        [&](int epoch) -> EpochScore {
          if (epoch == interrupted_) throw Error(ErrorKind::kCancelled, "stopped");
          ++epochs_run_;
          module->weight.add_(1);
          return {epoch == 2 ? 1.0 : 0.5, ""};
        },
        progress_);
    EXPECT_EQ(chosen.epoch, module->weight.item<double>());
    return module->weight.item<double>();
  }

  TemporaryFolder folder_;
  TrainingPlan plan_{.name = "loop", .folder = folder_.path(), .fingerprint = {}};
  int interrupted_ = 0;
  int epochs_run_ = 0;
  NoProgress progress_;
};

TEST_F(Loop, KeepsTheBestEpoch) { EXPECT_EQ(Run(5), 2); }

TEST_F(Loop, ToTheEndKeepsTheLastHoweverItValidates) {
  plan_.to_the_end = true;
  EXPECT_EQ(Run(5), 5);
}

TEST_F(Loop, ContinuesFromTheLastCheckpoint) {
  plan_.to_the_end = true;
  plan_.checkpoint_every = 2;
  interrupted_ = 6;
  EXPECT_THROW(Run(7), Error);
  interrupted_ = 0;
  epochs_run_ = 0;
  EXPECT_EQ(Run(7), 7);
  EXPECT_EQ(epochs_run_, 3);  // the fifth again
}

TEST_F(Loop, ASavedEndIsNotRunAgain) {
  plan_.to_the_end = true;
  plan_.checkpoint_every = 4;
  Run(5);
  epochs_run_ = 0;
  EXPECT_EQ(Run(5), 5);
  EXPECT_EQ(epochs_run_, 0);
}

}  // namespace
}  // namespace milan
