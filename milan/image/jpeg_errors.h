#pragma once

#include <csetjmp>
#include <cstdio>
#include <string>

#include <jerror.h>
#include <jpeglib.h>

namespace milan {

/// Turns libjpeg's errors, which must not return to libjpeg, into a return value of `Try`. The jump
/// out of libjpeg passes only libjpeg's own frames and the step's: a step must own nothing (its
/// objects live outside and are captured by reference).
class JpegErrors {
 public:
  /// For the `err` member of a jpeg_(de)compress_struct whose `client_data` is this object.
  jpeg_error_mgr* manager() { return &manager_; }
  const std::string& failure() const { return failure_; }

  JpegErrors() {
    jpeg_std_error(&manager_);
    manager_.error_exit = [](j_common_ptr info) { Of(info)->Fail(info); };
    manager_.emit_message = [](j_common_ptr info, int level) {
      // Missing data would leave a part of the picture grey. Other damage (bytes too many, odd
      // headers) is tolerated as Pillow does, so that both see the same photos.
      const int code = info->err->msg_code;
      if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) Of(info)->Fail(info);
    };
    manager_.output_message = [](j_common_ptr) {};
  }
  JpegErrors(const JpegErrors&) = delete;
  JpegErrors& operator=(const JpegErrors&) = delete;

  static JpegErrors* Of(j_common_ptr info) { return static_cast<JpegErrors*>(info->client_data); }

  /// False when libjpeg reported an error; `failure` then says which.
  template <typename Step>
  bool Try(Step step) {
    if (setjmp(return_point_) != 0) {
      failure_ = message_;
      return false;
    }
    step();
    return true;
  }

  /// Ends the step that runs in `Try`, with libjpeg's current message or with `message`.
  [[noreturn]] void Fail(j_common_ptr info) {
    (*manager_.format_message)(info, message_);
    std::longjmp(return_point_, 1);
  }
  [[noreturn]] void Fail(const char* message) {
    std::snprintf(message_, sizeof(message_), "%s", message);
    std::longjmp(return_point_, 1);
  }

 private:
  jpeg_error_mgr manager_{};
  std::jmp_buf return_point_{};
  char message_[JMSG_LENGTH_MAX] = {};
  std::string failure_;
};

}  // namespace milan
