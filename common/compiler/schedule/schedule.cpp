//===- schedule.cpp - Which schedule a CPU gets -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/schedule/schedule.h"
#include "compiler/codegen/codegen.h"
#include "compiler/schedule/schedule_text.h"
#include "support/error.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/Regex.h"
#include "llvm/Target/TargetMachine.h"

namespace gpt2 {
namespace {

/// Whether a CPU has all of `features`, names with commas between them.
bool hasAll(const llvm::TargetMachine &target, llvm::StringRef features) {
  llvm::SmallVector<llvm::StringRef> names;
  features.split(names, ',', -1, /*KeepEmpty=*/false);
  return llvm::all_of(names, [&](llvm::StringRef feature) {
    return target.getMCSubtargetInfo()->checkFeatures(
        ("+" + feature.trim()).str());
  });
}

bool areOf(const std::string &chips, const GpuTarget &target) {
  return llvm::Regex("^(" + chips + ")$").match(target.chip);
}

} // namespace

std::filesystem::path
scheduleFor(const std::vector<std::filesystem::path> &schedules,
            const std::optional<std::string> &cpu) {
  std::unique_ptr<llvm::TargetMachine> target = createHostTargetMachine(cpu);
  std::filesystem::path best;
  size_t most = 0;
  std::string all;
  for (const std::filesystem::path &schedule : schedules) {
    requireForCpus(schedule);
    std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
    llvm::StringRef features = *parsed->features;
    all += (all.empty() ? "" : ", ") + schedule.stem().string();
    size_t count = features.empty() ? 0 : features.count(',') + 1;
    if (hasAll(*target, features) && (best.empty() || count > most)) {
      best = schedule;
      most = count;
    }
  }
  if (best.empty())
    fail("no schedule is for this CPU, ", target->getTargetCPU().str(),
         "; there are: ", all);
  return best;
}

bool isForGpus(const std::filesystem::path &schedule) {
  return parseSchedule(schedule)->chips.has_value();
}

void requireForCpus(const std::filesystem::path &schedule) {
  std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
  if (parsed->features)
    return;
  if (parsed->chips)
    fail(schedule.string(), ": is for GPUs, ", *parsed->chips,
         ", not for a CPU");
  fail(schedule.string(), ": no gpt2.features = \"...\", what the CPU must "
                          "have for it");
}

void requireFor(const std::filesystem::path &schedule,
                const GpuTarget &target) {
  std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
  const std::optional<std::string> &chips = parsed->chips;
  if (!chips && parsed->features)
    fail(schedule.string(), ": is for CPUs, not for the GPU ", target.chip);
  if (!chips)
    fail(schedule.string(),
         ": no gpt2.chips = \"...\", the GPUs that it is for");
  if (!areOf(*chips, target))
    fail(schedule.string(), ": is for ", *chips, ", not for ", target.chip,
         "; --chip names another");
}

std::optional<std::filesystem::path>
scheduleFor(const std::vector<std::filesystem::path> &schedules,
            const GpuTarget &target) {
  for (const std::filesystem::path &schedule : schedules)
    if (areOf(parseSchedule(schedule)->chips.value_or(""), target))
      return schedule;
  return std::nullopt;
}

int64_t dotProductDepth(const std::filesystem::path &schedule, ElementType type,
                        const std::optional<std::string> &cpu) {
  std::string format = llvm::StringRef(nameOf(type)).lower();
  std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
  auto features = parsed->dotProducts.find(format);
  if (features == parsed->dotProducts.end() ||
      !hasAll(*createHostTargetMachine(cpu), features->second))
    return 1;
  return 4 / static_cast<int64_t>(sizeOf(type)); // of 32 bits
}

int64_t dotProductLanes(const std::filesystem::path &schedule,
                        const std::optional<std::string> &cpu) {
  int64_t lanes = parseSchedule(schedule)->dotProductLanes.value_or(0);
  if (lanes != 4 && lanes != 8 && lanes != 16)
    fail(schedule.string(),
         ": has gpt2.dot_products_..., but no gpt2.dot_product_lanes = 4, 8 or "
         "16, how many sums are in a register");
  if (lanes == 16 && !hasAll(*createHostTargetMachine(cpu), "avx512f"))
    fail(schedule.string(),
         ": gpt2.dot_product_lanes = 16, and registers of this CPU hold 8");
  return lanes;
}

int64_t numberIn(const std::filesystem::path &schedule,
                 const std::string &name) {
  std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
  if (const Knob *knob = parsed->knob(name))
    return knob->selected;
  fail(schedule.string(), ": expected a knob, %", name,
       " = transform.tune.knob<\"", name,
       "\"> = 8 from options = [8] -> !transform.param<i64>");
}

} // namespace gpt2
