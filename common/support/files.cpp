//===- files.cpp - Small files, read and written whole ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/files.h"
#include "support/error.h"
#include "support/numbers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gpt2 {
namespace {

namespace fs = std::filesystem;

/// An open file's number; it is closed with the object.
class Descriptor {
public:
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  bool isOpen() const { return number >= 0; }
  int get() const { return number; }
  /// Whether that, too, went well.
  bool close() { return ::close(std::exchange(number, -1)) == 0; }

private:
  int number;
};

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

std::string readAll(int fd, const std::string &name) {
  std::string bytes;
  struct stat status = {};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
    fail(name, ": is a folder; expected a file");
  // Pipes, and the files of /proc, have a size of 0 and contents.
  size_t step = std::max<size_t>(1 << 16, static_cast<size_t>(status.st_size));
  for (;;) {
    size_t before = bytes.size();
    bytes.resize(before + std::max(step, before / 2) + 1);
    ssize_t count = read(fd, bytes.data() + before, bytes.size() - before);
    int error = errno;
    bytes.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0)
      return bytes;
    if (count < 0 && error != EINTR)
      fail(name, ": cannot be read: ", std::strerror(error));
  }
}

[[noreturn]] void failToWrite(const fs::path &file, int error) {
  fail(file.string(), ": cannot write: ", std::strerror(error));
}

/// The number of the open file that `path` stands for: /dev/stdout leads to
/// /proc/self/fd/1.
std::optional<int> descriptorAt(const fs::path &path) {
  std::error_code error, none;
  fs::path parent = fs::canonical(path.parent_path(), error);
  if (error || parent != fs::canonical("/proc/self/fd", none))
    return std::nullopt;
  return numberFrom<int>(path.filename().string());
}

/// What `path` leads to through links: the file to replace, or to make.
fs::path followLinks(fs::path path) {
  std::error_code error;
  for (int links = 0; links < 40; ++links) {
    if (descriptorAt(path) || !fs::is_symlink(fs::symlink_status(path, error)))
      return path;
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  return path; // a circle: stat says so
}

/// Devices and pipes, and files that are open already, stay what they are.
void writeThrough(Descriptor to, const fs::path &file,
                  std::initializer_list<std::string_view> parts) {
  bool written = to.isOpen();
  for (std::string_view part : parts)
    written = written && writeAll(to.get(), part);
  if (!written || !to.close())
    failToWrite(file, errno);
}

/// Makes a file beside `target`, whose name goes to `name`.
int createBeside(const fs::path &target, std::string &name) {
  for (int i = 0;; ++i) {
    name = target.string() + "." + std::to_string(getpid()) + "-" +
           std::to_string(i) + ".tmp";
    int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
}

/// Gives a new file the owner and the rights of the one that it replaces.
bool resemble(int fd, const struct stat &old) {
  struct stat now;
  if (fstat(fd, &now) != 0)
    return false;
  mode_t mode = old.st_mode & 07777;
  if ((now.st_uid != old.st_uid || now.st_gid != old.st_gid) &&
      fchown(fd, old.st_uid, old.st_gid) != 0)
    mode &= 0777; // nobody else's programs run in our name
  return fchmod(fd, mode) == 0;
}

} // namespace

std::string readFile(const fs::path &path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.isOpen())
    fail(path.string(), ": cannot open: ", std::strerror(errno));
  return readAll(file.get(), path.string());
}

std::string readInput(const fs::path &path) {
  return path == "-" ? readAll(STDIN_FILENO, nameOfInput(path))
                     : readFile(path);
}

std::string nameOfInput(const fs::path &path) {
  return path == "-" ? "standard input" : path.string();
}

void writeFile(const fs::path &file,
               std::initializer_list<std::string_view> parts) {
  fs::path target = followLinks(file);
  std::optional<int> open = file == "-" ? STDOUT_FILENO : descriptorAt(target);
  if (open)
    return writeThrough(Descriptor(fcntl(*open, F_DUPFD_CLOEXEC, 0)), file,
                        parts);
  struct stat old;
  bool exists = stat(target.c_str(), &old) == 0;
  if (!exists && errno != ENOENT)
    failToWrite(file, errno);
  if (exists && S_ISDIR(old.st_mode))
    failToWrite(file, EISDIR);
  if (exists && !S_ISREG(old.st_mode))
    return writeThrough(
        Descriptor(::open(target.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC)),
        file, parts);
  if (exists && access(target.c_str(), W_OK) != 0)
    failToWrite(file, errno);

  std::string name;
  Descriptor fresh(createBeside(target, name));
  if (!fresh.isOpen())
    failToWrite(file, errno);
  bool written = !exists || resemble(fresh.get(), old);
  for (std::string_view part : parts)
    written = written && writeAll(fresh.get(), part);
  if (written && fresh.close() &&
      std::rename(name.c_str(), target.c_str()) == 0)
    return;
  int error = errno;
  unlink(name.c_str());
  failToWrite(file, error);
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

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  if (text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines.push_back(line.substr(0, line.size() - line.ends_with('\r')));
  }
  return lines;
}

std::vector<int32_t> readTokenIds(const fs::path &file) {
  std::string text = readInput(file);
  std::vector<int32_t> ids;
  int line = 0;
  for (std::string_view word : linesOf(text)) {
    ++line;
    constexpr std::string_view blanks = " \t";
    word.remove_prefix(std::min(word.size(), word.find_first_not_of(blanks)));
    word = word.substr(0, word.find_last_not_of(blanks) + 1);
    if (word.empty())
      continue;
    std::optional<int32_t> id = numberFrom<int32_t>(word);
    if (!id)
      fail(nameOfInput(file), ":", line, ": \"", word,
           "\" is not a token id; expected one whole number a line");
    ids.push_back(*id);
  }
  return ids;
}

} // namespace gpt2
