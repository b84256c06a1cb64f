//===- connection.cpp - Threads that talk to clients --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/connection.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

namespace gpt2 {

void ConnectionThreads::enqueue(std::function<void()> task) {
  std::lock_guard lock(mutex);
  tasks.push_back(std::move(task));
  if (idle < tasks.size() && threads.size() < most)
    threads.emplace_back([this] { work(); });
  changed.notify_one();
}

void ConnectionThreads::work() {
  std::unique_lock lock(mutex);
  while (true) {
    ++idle;
    changed.wait(lock, [this] { return mustEnd || !tasks.empty(); });
    --idle;
    if (tasks.empty())
      return;
    std::function<void()> task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void ConnectionThreads::shutdown() {
  {
    std::lock_guard lock(mutex);
    mustEnd = true;
  }
  changed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

std::shared_ptr<void> Occupancy::enter() {
  std::lock_guard lock(mutex);
  ++inside;
  return {this, [](Occupancy *of) {
            std::lock_guard lock(of->mutex);
            --of->inside;
            of->left.notify_all();
          }};
}

bool Occupancy::waitForNone(double seconds) {
  std::unique_lock lock(mutex);
  return left.wait_for(lock, std::chrono::duration<double>(seconds),
                       [this] { return inside == 0; });
}

namespace {

/// "127.0.0.1:4711" of the other end; empty if `socket` is none.
std::string peerOf(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr *>(&address), &length) != 0)
    return "";
  char text[INET6_ADDRSTRLEN] = "";
  int port = 0;
  if (address.ss_family == AF_INET) {
    auto *ip = reinterpret_cast<sockaddr_in *>(&address);
    inet_ntop(AF_INET, &ip->sin_addr, text, sizeof text);
    port = ntohs(ip->sin_port);
  } else if (address.ss_family == AF_INET6) {
    auto *ip = reinterpret_cast<sockaddr_in6 *>(&address);
    inet_ntop(AF_INET6, &ip->sin6_addr, text, sizeof text);
    port = ntohs(ip->sin6_port);
  }
  return std::string(text) + ":" + std::to_string(port);
}

} // namespace

Client::Client(const httplib::Request &request)
    : its(request.remote_addr + ":" + std::to_string(request.remote_port)) {
  std::unique_ptr<DIR, int (*)(DIR *)> folder(opendir("/proc/self/fd"),
                                              closedir);
  while (dirent *entry = folder ? readdir(folder.get()) : nullptr) {
    char *end = nullptr;
    auto number = static_cast<int>(std::strtol(entry->d_name, &end, 10));
    if (*end == '\0' && peerOf(number) == its) {
      socket = number;
      return;
    }
  }
}

bool Client::hasLeft() const {
  char byte = 0;
  ssize_t got =
      socket < 0 ? 1 : recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 ||
         (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void Client::dismiss(const std::string &answer) const {
  if (socket < 0 || peerOf(socket) != its)
    return;
  send(socket, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket, SHUT_RDWR);
}

BodyDeadlines::BodyDeadlines(double seconds, std::string answer)
    : allowed(seconds), answer(std::move(answer)), thread([this] { work(); }) {}

BodyDeadlines::~BodyDeadlines() {
  {
    std::lock_guard lock(mutex);
    mustEnd = true;
  }
  changed.notify_all();
  thread.join();
}

void BodyDeadlines::begin(const httplib::Request &request) {
  auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(allowed);
  Client client(request);
  std::lock_guard lock(mutex);
  reading.emplace_back(end, std::move(client));
  changed.notify_all();
}

void BodyDeadlines::end(const httplib::Request &request) {
  std::string address =
      request.remote_addr + ":" + std::to_string(request.remote_port);
  std::lock_guard lock(mutex);
  std::erase_if(reading, [&](const auto &one) {
    return one.second.address() == address;
  });
}

void BodyDeadlines::work() {
  std::unique_lock lock(mutex);
  while (!mustEnd) {
    if (reading.empty()) {
      changed.wait(lock, [this] { return mustEnd || !reading.empty(); });
    } else if (auto &[end, client] = reading.front(); Clock::now() >= end) {
      client.dismiss(answer);
      reading.pop_front();
    } else {
      Clock::time_point until = end;
      changed.wait_until(lock, until);
    }
  }
}

} // namespace gpt2
