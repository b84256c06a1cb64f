//===- config.cpp - Reading and checking config.json --------------------===//
#include "model/config.h"
#include "model/error.h"
#include "model/json_file.h"

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

/// `name`, if present, must be one of the values under which the architecture
/// is GPT-2's.
void requireOneOf(const json &fields, const char *name,
                  std::initializer_list<json> allowed,
                  const std::string &source) {
  if (!fields.contains(name))
    return;
  for (const json &value : allowed)
    if (fields[name] == value)
      return;
  fail(source, ": \"", name, "\" is ", fields[name].dump(), "; GPT-2 has ",
       allowed.begin()->dump(), ", and only that is compiled");
}

} // namespace

int64_t Config::parameters() const {
  int64_t c = channels;
  int64_t perLayer = 12 * c * c + 13 * c;
  return (vocab + context) * c + layers * perLayer + 2 * c;
}

std::string Config::describe() const {
  std::ostringstream text;
  text << layers << " layers, " << heads << " heads, " << channels
       << " channels, context " << context << ", vocabulary " << vocab;
  return text.str();
}

void Config::validate(const std::string &source) const {
  struct {
    const char *name;
    int64_t value, most;
  } sizes[] = {{"n_layer", layers, 1 << 10},
               {"n_head", heads, 1 << 10},
               {"n_embd", channels, 1 << 16},
               {"n_ctx", context, 1 << 20},
               {"vocab_size", vocab, 1 << 22}};
  for (const auto &size : sizes)
    if (size.value < 1 || size.value > size.most)
      fail(source, ": ", size.name, " is ", size.value, "; expected 1 to ",
           size.most);
  if (channels % heads != 0)
    fail(source, ": n_head ", heads, " does not divide n_embd ", channels);
  if (endOfText < 0 || endOfText >= vocab)
    fail(source, ": the end-of-text id ", endOfText,
         " is outside the vocabulary of ", vocab, " tokens");
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
  // GPT-2's vocabulary ends with <|endoftext|>.
  int64_t endOfText = fields.contains("eos_token_id")
                          ? readSize(fields, "eos_token_id", source)
                          : config.vocab - 1;
  if (endOfText < 0 || endOfText >= config.vocab)
    fail(source, ": eos_token_id ", endOfText, " is outside the vocabulary of ",
         config.vocab, " tokens");
  config.endOfText = static_cast<int32_t>(endOfText);

  requireOneOf(fields, "model_type", {"gpt2"}, source);
  requireOneOf(fields, "activation_function", {"gelu_new", "gelu_pytorch_tanh"},
               source);
  requireOneOf(fields, "tie_word_embeddings", {true}, source);
  requireOneOf(fields, "scale_attn_weights", {true}, source);
  requireOneOf(fields, "scale_attn_by_inverse_layer_idx", {false}, source);
  requireOneOf(fields, "layer_norm_epsilon", {1e-5}, source);
  requireOneOf(fields, "n_inner", {nullptr, 4 * config.channels}, source);
  config.validate(source);
  return config;
}

} // namespace gpt2
