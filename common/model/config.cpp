//===- config.cpp - Reading and checking config.json --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/config.h"
#include "support/error.h"
#include "support/json_file.h"

#include <algorithm>
#include <iomanip>

namespace gpt2 {
namespace {

using nlohmann::json;

int64_t readSize(const json &fields, const char *name,
                 const std::string &source) {
  if (!fields.contains(name))
    fail(source, ": field \"", name, "\" is missing");
  const json &value = fields[name];
  if (!value.is_number_integer())
    fail(source, ": field \"", name, "\" is ", value.dump(),
         "; expected a whole number");
  return value.get<int64_t>();
}

double readNumber(const json &fields, const char *name, double otherwise,
                  const std::string &source) {
  if (field(fields, name).is_null())
    return otherwise;
  if (!fields[name].is_number())
    fail(source, ": field \"", name, "\" is ", fields[name].dump(),
         "; expected a number");
  return fields[name].get<double>();
}

Activation readActivation(const json &fields, const std::string &source) {
  constexpr const char *name = "activation_function";
  if (field(fields, name).is_null())
    return Activation::GeluTanh;
  // gelu_fast is the same formula, multiplied out.
  const std::pair<const char *, Activation> known[] = {
      {"gelu_new", Activation::GeluTanh},
      {"gelu_pytorch_tanh", Activation::GeluTanh},
      {"gelu_fast", Activation::GeluTanh},
      {"gelu", Activation::Gelu},
      {"relu", Activation::Relu}};
  std::string names;
  for (auto [text, activation] : known) {
    if (fields[name] == text)
      return activation;
    names += std::string(names.empty() ? "" : ", ") + text;
  }
  fail(source, ": \"", name, "\" is ", fields[name].dump(),
       "; kernels are there for: ", names);
}

/// A token's id, a list of such, or null, which is none. An id that is outside
/// of the vocabulary is one that never comes.
std::vector<int32_t> readTokens(const json &fields, const char *name,
                                const std::string &source) {
  std::vector<int32_t> tokens;
  if (field(fields, name).is_null())
    return tokens;
  const json &value = fields[name];
  for (const json &id : value.is_array() ? value : json::array({value})) {
    if (!id.is_number_integer())
      fail(source, ": field \"", name, "\" is ", value.dump(),
           "; expected a token's id, or a list of such");
    auto number = id.get<int64_t>();
    tokens.push_back(number == static_cast<int32_t>(number)
                         ? static_cast<int32_t>(number)
                         : -1);
  }
  return tokens;
}

/// `name`, if present, must be one of the values under which the architecture
/// is GPT-2's.
void requireOneOf(const json &fields, const char *name,
                  std::initializer_list<json> allowed,
                  const std::string &source) {
  if (field(fields, name).is_null())
    return;
  for (const json &value : allowed)
    if (fields[name] == value)
      return;
  fail(source, ": \"", name, "\" is ", fields[name].dump(), "; GPT-2 has ",
       allowed.begin()->dump(), ", and only that is compiled");
}

} // namespace

bool Config::endsText(int32_t token) const {
  return std::find(endOfText.begin(), endOfText.end(), token) !=
         endOfText.end();
}

int64_t Config::parameters() const {
  int64_t c = channels, f = inner();
  int64_t perLayer = 4 * c * c + 2 * c * f + f + 9 * c;
  int64_t embeddings = (isTied ? 1 : 2) * vocab + context;
  return embeddings * c + layers * perLayer + 2 * c;
}

std::string Config::describe() const {
  std::ostringstream text;
  text << layers << " layers, " << heads << " heads, " << channels
       << " channels, context " << context << ", vocabulary " << vocab;
  return text.str();
}

std::vector<std::pair<std::string, std::string>> Config::traits() const {
  auto text = [](const auto &value) {
    std::ostringstream stream;
    stream << std::setprecision(17) << value;
    return stream.str();
  };
  const char *activations[] = {"gelu_new", "gelu", "relu"};
  return {{"layers", text(layers)},
          {"heads", text(heads)},
          {"channels", text(channels)},
          {"inner channels", text(inner())},
          {"context", text(context)},
          {"vocab", text(vocab)},
          {"epsilon", text(epsilon)},
          {"activation", activations[static_cast<size_t>(activation)]},
          {"a matrix for logits", isTied ? "no" : "yes"}};
}

void Config::validate(const std::string &source) const {
  struct {
    const char *name;
    int64_t value, most;
  } sizes[] = {{"n_layer", layers, 1 << 10},  {"n_head", heads, 1 << 10},
               {"n_embd", channels, 1 << 16}, {"n_inner", inner(), 1 << 18},
               {"n_ctx", context, 1 << 20},   {"vocab_size", vocab, 1 << 22}};
  for (const auto &size : sizes)
    if (size.value < 1 || size.value > size.most)
      fail(source, ": ", size.name, " is ", size.value, "; expected 1 to ",
           size.most);
  if (channels % heads != 0)
    fail(source, ": n_head ", heads, " does not divide n_embd ", channels);
  if (!(epsilon > 0 && epsilon < 1))
    fail(source, ": layer_norm_epsilon is ", epsilon,
         "; expected more than 0, less than 1");
}

Config Config::fromJson(const std::filesystem::path &file) {
  json fields = readJsonObject(file);
  std::string source = file.string();
  Config config;
  config.layers = readSize(fields, "n_layer", source);
  config.heads = readSize(fields, "n_head", source);
  config.channels = readSize(fields, "n_embd", source);
  config.context = readSize(
      fields, fields.contains("n_positions") ? "n_positions" : "n_ctx", source);
  config.vocab = readSize(fields, "vocab_size", source);
  if (!field(fields, "n_inner").is_null())
    config.innerChannels = readSize(fields, "n_inner", source);
  if (config.innerChannels == 4 * config.channels)
    config.innerChannels.reset();
  requireOneOf(fields, "model_type", {"gpt2"}, source);
  config.activation = readActivation(fields, source);
  config.epsilon =
      readNumber(fields, "layer_norm_epsilon", config.epsilon, source);
  config.scalesScores =
      flag(fields, "scale_attn_weights", config.scalesScores, source);
  config.scalesByLayer = flag(fields, "scale_attn_by_inverse_layer_idx",
                              config.scalesByLayer, source);
  config.isTied = flag(fields, "tie_word_embeddings", true, source);
  // Of a decoder alone: with an encoder's results there would be more weights.
  requireOneOf(fields, "add_cross_attention", {false}, source);

  // Special tokens are those of generation_config.json, if there is one.
  std::filesystem::path generation =
      file.parent_path() / "generation_config.json";
  bool isBeside = std::filesystem::exists(generation);
  json special = isBeside ? readJsonObject(generation) : fields;
  std::string where = isBeside ? generation.string() : source;
  config.endOfText = readTokens(special, "eos_token_id", where);
  std::vector<int32_t> begin = readTokens(special, "bos_token_id", where);
  config.beginOfText.reset();
  if (!begin.empty() && begin[0] >= 0 && begin[0] < config.vocab)
    config.beginOfText = begin[0];
  config.validate(source);
  return config;
}

} // namespace gpt2
