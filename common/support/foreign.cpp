//===- foreign.cpp - What people have in the place of a model's file ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/foreign.h"

#include <algorithm>
#include <array>

namespace gpt2 {
namespace {

constexpr const char *convert =
    "python3 -c \"from transformers import GPT2LMHeadModel as M; "
    "M.from_pretrained('DIR').save_pretrained('DIR')\" writes "
    "model.safetensors beside it";

} // namespace

std::string describeForeign(std::string_view bytes) {
  struct Kind {
    std::string_view begin;
    const char *what;
  };
  using namespace std::string_view_literals;
  static constexpr std::array kinds = {
      Kind{"version https://git-lfs",
           "a Git-LFS pointer, not the file itself; 'git lfs pull' brings it"},
      Kind{"GGUF", "a GGUF file of llama.cpp's; take the model it was made of"},
      Kind{"\x89HDF", "an HDF5 file of TensorFlow's; take model.safetensors"},
      Kind{"<!DOCTYPE", "a web page, not the file itself; download it again"},
      Kind{"<!doctype", "a web page, not the file itself; download it again"},
      Kind{"<html", "a web page, not the file itself; download it again"},
  };
  for (const Kind &kind : kinds)
    if (bytes.starts_with(kind.begin))
      return kind.what;
  // torch.save(): a zip archive, or in old versions a pickle.
  if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("\x80\x02"sv))
    return std::string("PyTorch's own format, a pickle, which only PyTorch "
                       "reads; ") +
           convert;
  return "";
}

std::string describeForeign(const std::filesystem::path &directory) {
  for (const char *name : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (std::filesystem::exists(directory / name))
      return std::string(name) +
             " is PyTorch's own format, a pickle, which only PyTorch reads; " +
             convert;
  for (const char *name : {"tf_model.h5", "flax_model.msgpack"})
    if (std::filesystem::exists(directory / name))
      return std::string(name) +
             " is for another framework; take model.safetensors";
  return "";
}

} // namespace gpt2
