//===- model.h - A chapter's program, bound to a model's weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the chapters' command line and Python's module have in common: which of
// a chapter's programs is meant, where it runs, and how it gets its weights.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "chapter/build.h"
#include "device/choose_device.h"
#include "model/checkpoint/checkpoint.h"
#include "run/forward.h"
#include "run/times.h"

#include <optional>

namespace gpt2 {

/// Which of a chapter's programs is wanted, as a user says it: the options of
/// the same names.
struct ProgramOptions {
  std::string device;              ///< empty: the best there is
  std::optional<std::string> chip; ///< what kernels are compiled for
  std::string weights = "f32";     ///< how matrices are kept
  std::optional<std::string> kv;   ///< how keys and values are; none: f32
  std::filesystem::path schedule;  ///< empty: the chapter's for this machine
  std::optional<std::filesystem::path> pipeline; ///< stages, in a file
  int threads = 1;                               ///< that divide loops
  bool profile = false; ///< each kernel's launches are to be timed
  /// Where compiled programs and tuned schedules are kept; none: nowhere.
  std::optional<std::filesystem::path> cacheDirectory;
};

/// What the options ask for of `chapter`, or of the same with kernels if they
/// have to do with these; its model is not known yet. Throws an Error that
/// names the option which it cannot follow.
Build buildFor(const Chapter &chapter, const ProgramOptions &options);

/// `build`, as buildFor() gave it, for its model with the schedule that --tune
/// kept, if it did, and if the options name none.
Build withTunedSchedule(const Build &build, const ProgramOptions &options);

/// What is compiled for the device on which it runs.
struct PlacedBuild {
  Build build;
  std::string note; ///< for people: why no GPU was found, if one was looked for
  std::shared_ptr<Driver> gpu = nullptr; ///< see DeviceChoice::driver
};

/// `build` for what the options say, or a GPU that is here and passes the
/// self-check, or else the CPU or the emulator.
PlacedBuild onDevice(const Build &build, const ProgramOptions &options);

/// A chapter's program, compiled, loaded, and bound to a model's weights.
class Model {
public:
  /// Called when the program is loaded, and no weight is read yet.
  using OnProgram = std::function<void(CompiledProgram &)>;

  /// With room for `sequences` texts, see Forward. Weights are read from
  /// `checkpoint`, to which it keeps a reference.
  Model(const CompileRequest &request, const Checkpoint &checkpoint,
        LoadProgress progress = {}, int64_t sequences = 1,
        const OnProgram &onProgram = {});
  Model(const Model &) = delete;

  Executable &loaded() { return executable; }
  Forward &forward() { return pass; }
  /// How long compiling and loading took.
  const Times &times() const { return took; }

private:
  Times took;
  Executable executable;
  Weights weights;
  Forward pass;
};

} // namespace gpt2
