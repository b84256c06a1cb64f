//===- prometheus_text.cpp - Prometheus' text format --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/prometheus_text.h"

namespace gpt2 {

std::string PrometheusText::shown(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

std::string PrometheusText::shown(const Labels &labels) {
  std::string all;
  for (const auto &[name, value] : labels) {
    all += (all.empty() ? "{" : ",") + name + "=\"";
    for (char c : value)
      all += c == '\n'               ? "\\n"
             : c == '"' || c == '\\' ? std::string("\\") + c
                                     : std::string(1, c);
    all += "\"";
  }
  return all.empty() ? all : all + "}";
}

} // namespace gpt2
