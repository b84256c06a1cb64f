//===- server.cpp - GPT-2 over HTTP -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/server.h"
#include "serve/connection.h"
#include "serve/exchange.h"
#include "serve/page.h"
#include "support/error.h"

#include <csignal>
#include <ctime>
#include <iostream>
#include <random>

#include <sys/resource.h>

using nlohmann::json;

namespace gpt2 {
namespace {

sigset_t endSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

std::string textOf(const json &value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void answerWith(httplib::Response &response, const ProtocolError &error) {
  response.status = error.status;
  response.set_content(textOf(error.toJson()), "application/json");
}

/// A part of a stream of server-sent events.
std::string event(const std::string &data) { return "data: " + data + "\n\n"; }

/// Whether both are the same, in a time that does not tell where they differ.
bool isSame(const std::string &given, const std::string &secret) {
  size_t differ = given.size() ^ secret.size();
  for (size_t i = 0; i < given.size(); ++i)
    differ |= static_cast<size_t>(given[i] ^ secret[i % secret.size()]);
  return differ == 0;
}

/// How long a client may take to send a request's body, between two bytes and
/// in all, and to read what is sent.
constexpr int byteSeconds = 5, bodySeconds = 20, sendSeconds = 5;

/// What the library does not answer by itself.
std::string tooSlow() {
  std::string body = textOf(
      ProtocolError(408, "The body of the request did not come to its end in " +
                             std::to_string(bodySeconds) + " seconds")
          .toJson());
  return "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Service {
public:
  Service(const ServerOptions &options, const Tokenizer &tokenizer,
          const Config &config, Engine &engine, Metrics &metrics,
          const MoreToTell &more)
      : options(options), tokenizer(tokenizer), config(config), engine(engine),
        metrics(metrics), more(more) {
    addRoutes();
    addErrors();
    setLimits();
  }

  void run();
  json stats() const;

private:
  void addRoutes();
  void addErrors();
  void setLimits();
  void complete(const httplib::Request &request, httplib::Response &response);
  void stream(const std::shared_ptr<Exchange> &exchange,
              httplib::Response &response);
  json model() const;
  bool isAllowed(const httplib::Request &request) const;

  const ServerOptions &options;
  const Tokenizer &tokenizer;
  const Config &config;
  Engine &engine;
  Metrics &metrics;
  const MoreToTell &more;
  httplib::Server http;
  socket_t socket = INVALID_SOCKET; ///< that it listens at
  Occupancy streams;                ///< not yet sent to their end
  BodyDeadlines bodies{bodySeconds, tooSlow()};
  const std::time_t started = std::time(nullptr);
};

json Service::model() const {
  return {{"id", options.model},
          {"object", "model"},
          {"created", started},
          {"owned_by", "lowering-gpt2"},
          {"max_model_len", config.context}};
}

json Service::stats() const {
  json stats = metrics.toJson();
  stats["model"] = options.model;
  if (more.json)
    stats["programs"] = more.json();
  return stats;
}

bool Service::isAllowed(const httplib::Request &request) const {
  if (options.apiKey.empty() || request.path == "/health" ||
      request.path == "/")
    return true;
  std::string given = request.get_header_value("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  return given.starts_with(scheme) &&
         isSame(given.substr(scheme.size()), options.apiKey);
}

void Service::addRoutes() {
  http.Get("/", [](const httplib::Request &, httplib::Response &response) {
    response.set_content(page, "text/html; charset=utf-8");
  });
  http.Get("/health",
           [this](const httplib::Request &, httplib::Response &response) {
             response.status = engine.isDraining() ? 503 : 200;
             response.set_content(engine.isDraining() ? R"({"status":"ending"})"
                                                      : R"({"status":"ok"})",
                                  "application/json");
           });
  http.Get("/v1/models", [this](const httplib::Request &,
                                httplib::Response &response) {
    response.set_content(textOf({{"object", "list"}, {"data", {model()}}}),
                         "application/json");
  });
  http.Get(R"(/v1/models/(.+))", [this](const httplib::Request &request,
                                        httplib::Response &response) {
    if (request.matches[1] == options.model)
      response.set_content(textOf(model()), "application/json");
    else
      answerWith(response,
                 {404, "There is no such model", "model", "model_not_found"});
  });
  http.Get("/metrics", [this](const httplib::Request &,
                              httplib::Response &response) {
    response.set_content(metrics.prometheus() +
                             (more.prometheus ? more.prometheus() : ""),
                         "text/plain; version=0.0.4; charset=utf-8");
  });
  http.Get("/stats",
           [this](const httplib::Request &, httplib::Response &response) {
             response.set_content(textOf(stats()), "application/json");
           });
  http.Post("/v1/completions", [this](const httplib::Request &request,
                                      httplib::Response &response) {
    bodies.end(request);
    try {
      complete(request, response);
    } catch (const ProtocolError &error) {
      answerWith(response, error);
    }
  });
}

void Service::addErrors() {
  http.set_pre_routing_handler([this](const httplib::Request &request,
                                      httplib::Response &response) {
    if (isAllowed(request)) {
      if (request.has_header("Content-Length") ||
          request.has_header("Transfer-Encoding"))
        bodies.begin(request);
      return httplib::Server::HandlerResponse::Unhandled;
    }
    answerWith(response, {401,
                          "This server wants its API key, as \"Authorization: "
                          "Bearer KEY\"",
                          "", "invalid_api_key"});
    return httplib::Server::HandlerResponse::Handled;
  });
  http.set_exception_handler([](const httplib::Request &,
                                httplib::Response &response,
                                const std::exception_ptr &exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception &error) {
      answerWith(response, {500, error.what()});
    } catch (...) {
      answerWith(response, {500, "something went wrong"});
    }
  });
  http.set_logger([this](const httplib::Request &request,
                         const httplib::Response &) { bodies.end(request); });
  // What the library refuses by itself, and paths that are not there.
  http.set_error_handler([this](const httplib::Request &request,
                                httplib::Response &response) {
    if (!response.body.empty())
      return;
    int status = response.status;
    answerWith(
        response,
        {status, status == 404 ? "There is nothing at " + toUtf8(request.path) +
                                     "; see /v1/completions, /v1/models, "
                                     "/health, /metrics"
                 : status == 413
                     ? "The body is too large; expected at most " +
                           std::to_string(options.largestBody) + " bytes"
                     : "This is no request that the server understands, or it "
                       "did not come to its end in time"});
  });
}

void Service::setLimits() {
  http.new_task_queue = [this] {
    return new ConnectionThreads(options.connections); // the library deletes it
  };
  http.set_payload_max_length(options.largestBody);
  http.set_read_timeout(byteSeconds);
  http.set_write_timeout(sendSeconds);
  http.set_keep_alive_timeout(5);
  http.set_keep_alive_max_count(1000);
  http.set_tcp_nodelay(true);
  // The library would let several servers have one port.
  http.set_socket_options([this](socket_t its) {
    int yes = 1;
    setsockopt(its, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    socket = its;
  });
}

void Service::complete(const httplib::Request &request,
                       httplib::Response &response) {
  auto wanted =
      CompletionRequest::parse(request.body, config, tokenizer, options.model);
  thread_local std::mt19937_64 random(std::random_device{}());
  std::ostringstream id;
  id << "cmpl-" << std::hex << random();
  bool isStream = wanted.stream;
  if (engine.isDraining())
    throw ProtocolError(503, "The server is ending; ask again later");
  std::shared_ptr<Exchange> exchange = Exchange::begin(
      std::move(wanted), {id.str(), options.model, std::time(nullptr)},
      tokenizer, engine, metrics);
  if (!exchange->isTaken()) {
    response.set_header("Retry-After", std::to_string(engine.secondsToWait()));
    throw ProtocolError(429, "Too many requests wait; ask again later", "",
                        "queue_full");
  }
  if (isStream)
    return stream(exchange, response);
  Client client(request);
  exchange->waitForEnd([&] { return !client.hasLeft(); });
  response.set_content(textOf(exchange->answer()), "application/json");
}

void Service::stream(const std::shared_ptr<Exchange> &exchange,
                     httplib::Response &response) {
  response.set_header("Cache-Control", "no-cache");
  response.set_chunked_content_provider(
      "text/event-stream",
      [exchange](size_t, httplib::DataSink &sink) {
        auto send = [&](const std::string &text) {
          return sink.write(text.data(), text.size());
        };
        bool isEnded = exchange->isEnded(); // before what is told of it
        std::string text;
        try {
          for (const json &chunk : exchange->nextChunks())
            text += event(textOf(chunk));
        } catch (const ProtocolError &error) {
          send(event(textOf(error.toJson())));
          sink.done();
          return true;
        }
        if (isEnded) {
          if (json usage = exchange->usageChunk(); !usage.is_null())
            text += event(textOf(usage));
          text += event("[DONE]");
        }
        // A client that has left is found out here, token or not.
        if (text.empty() ? !sink.is_writable() : !send(text))
          return false;
        if (isEnded)
          sink.done();
        return true;
      },
      [exchange, place = streams.enter()](bool) { exchange->cancel(); });
}

/// A connection has a file of its own; some more are for everything else.
void allowFiles(size_t connections) {
  rlimit files{};
  rlim_t wanted = connections + 100;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted)
    return;
  files.rlim_cur = std::min(wanted, files.rlim_max);
  setrlimit(RLIMIT_NOFILE, &files);
}

void Service::run() {
  allowFiles(options.connections);
  int port = options.port;
  bool isBound = port == 0 ? (port = http.bind_to_any_port(options.host)) > 0
                           : http.bind_to_port(options.host, port);
  if (!isBound)
    fail("cannot listen at ", options.host, ":", options.port,
         "; is something else there? --port takes another number");
  // The library lets 5 clients wait for their connection; more would have to
  // try again, a second later.
  ::listen(socket, SOMAXCONN);
  std::cerr << "serving " << options.model << " at http://" << options.host
            << ":" << port << "/ (Ctrl-C ends it)" << std::endl;
  std::thread ender([this] {
    sigset_t signals = endSignals();
    int signal = 0;
    sigwait(&signals, &signal);
    std::cerr << "ending: no more requests are taken" << std::endl;
    engine.drain(options.drainSeconds);
    streams.waitForNone(sendSeconds); // whose last parts stop() would cut off
    http.stop();
  });
  bool isFine = http.listen_after_bind();
  if (!isFine) // the thread still waits
    kill(getpid(), SIGTERM);
  ender.join();
  if (!isFine)
    fail("the server at ", options.host, ":", port, " could not go on");
}

} // namespace

void blockEndSignals() {
  sigset_t signals = endSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that has left is told by what sending returns.
  std::signal(SIGPIPE, SIG_IGN);
}

json serve(const ServerOptions &options, const Tokenizer &tokenizer,
           const Config &config, Engine &engine, Metrics &metrics,
           const MoreToTell &more) {
  Service service(options, tokenizer, config, engine, metrics, more);
  service.run();
  return service.stats();
}

} // namespace gpt2
