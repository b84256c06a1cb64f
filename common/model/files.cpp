//===- files.cpp - Small files, read and written whole
//----------------------===//
#include "model/files.h"
#include "model/error.h"
#include "model/mapped_file.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace gpt2 {
namespace {

bool writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

} // namespace

std::string readFile(const std::filesystem::path &path) {
  // Not mapped: the files of /proc have a size of 0 and contents.
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (!file)
    fail(path.string(), ": cannot be read");
  return bytes;
}

void writeFile(const std::filesystem::path &file,
               std::initializer_list<std::string_view> parts) {
  std::string name = file.string() + ".XXXXXX";
  int fd = mkstemp(name.data());
  if (fd < 0)
    fail(file.string(), ": cannot write: ", std::strerror(errno));
  bool written = fchmod(fd, 0644) == 0;
  for (std::string_view part : parts)
    written = written && writeAll(fd, part);
  int error = errno;
  if (close(fd) != 0 && written) {
    written = false;
    error = errno;
  }
  if (written && std::rename(name.c_str(), file.c_str()) == 0)
    return;
  if (written)
    error = errno;
  unlink(name.c_str());
  fail(file.string(), ": cannot write: ", std::strerror(error));
}

namespace {

void writeArray(const std::filesystem::path &file, std::string_view type,
                std::string_view bytes, int64_t rows, int64_t columns) {
  std::string dict = "{'descr': '<" + std::string(type) +
                     "', 'fortran_order': False, 'shape': (" +
                     std::to_string(rows) + ", " + std::to_string(columns) +
                     "), }";
  // Magic, version, length and dict together are a multiple of 64 bytes.
  dict.append(63 - (10 + dict.size()) % 64, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  writeFile(file, {header, dict, bytes});
}

template <typename T> std::string_view bytesOf(std::span<const T> data) {
  return {reinterpret_cast<const char *>(data.data()), data.size_bytes()};
}

} // namespace

void writeNpy(const std::filesystem::path &file, std::span<const float> data,
              int64_t rows, int64_t columns) {
  writeArray(file, "f4", bytesOf(data), rows, columns);
}

void writeNpy(const std::filesystem::path &file, std::span<const double> data,
              int64_t rows, int64_t columns) {
  writeArray(file, "f8", bytesOf(data), rows, columns);
}

std::vector<int32_t> readTokenIds(const std::filesystem::path &file) {
  MappedFile mapped(file);
  std::string_view text(reinterpret_cast<const char *>(mapped.data()),
                        mapped.size());
  std::vector<int32_t> ids;
  for (int line = 1; !text.empty(); ++line) {
    std::string_view word = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    constexpr std::string_view blanks = " \t\r";
    word.remove_prefix(std::min(word.size(), word.find_first_not_of(blanks)));
    word = word.substr(0, word.find_last_not_of(blanks) + 1);
    if (word.empty())
      continue;
    int32_t id;
    auto [end, error] = std::from_chars(word.begin(), word.end(), id);
    if (error != std::errc() || end != word.end())
      fail(file.string(), ":", line, ": \"", word,
           "\" is not a token id; expected one whole number a line");
    ids.push_back(id);
  }
  return ids;
}

} // namespace gpt2
