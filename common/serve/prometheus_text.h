//===- prometheus_text.h - Prometheus' text format ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gpt2 {

/// Lines of Prometheus' text format, version 0.0.4.
class PrometheusText {
public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  /// What stands before the values of `name`: once.
  void head(const std::string &name, const char *type, const char *help) {
    text << "# HELP " << name << " " << help << "\n# TYPE " << name << " "
         << type << "\n";
  }
  template <typename T>
  void value(const std::string &name, T value, const Labels &labels = {}) {
    text << name << shown(labels) << " " << value << "\n";
  }
  template <typename T>
  void counter(const std::string &name, T count, const char *help) {
    head(name, "counter", help);
    value(name, count);
  }
  template <typename T>
  void gauge(const std::string &name, T now, const char *help) {
    head(name, "gauge", help);
    value(name, now);
  }
  std::string str() const { return text.str(); }

  static std::string shown(double number);

private:
  static std::string shown(const Labels &labels);

  std::ostringstream text;
};

} // namespace gpt2
