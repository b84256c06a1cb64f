//===- model_cache.h - Public models by their names ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// "gpt2" is a model that `./tutorial fetch gpt2` downloads, or that the hub's
// own library has downloaded. common/fetch/places.py looks in the same folders.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace gpt2 {

/// The names, with commas between them.
std::string publicModelNames();

/// The folder of the public model `name` ("gpt2", or its repository's name,
/// "openai-community/gpt2"); none if there is no model of that name. Throws an
/// Error that says how to get the model if it is in no cache.
std::optional<std::filesystem::path> findPublicModel(const std::string &name);

} // namespace gpt2
