// Compiled once, for every instruction set: the choice of the one for this machine, and host.h.
#include <atomic>
#include <chrono>
#include <ctime>

#include "export.h"
#include "host.h"

namespace throughtime {
namespace host {
namespace {

// An idle machine suspends a thread for some milliseconds now and then, a busy one for a quarter of its time and more.
constexpr std::int64_t WINDOW = 200'000'000;     // nanoseconds of threads' time that are judged together
constexpr std::int64_t BUSY_FOR = 1'000'000'000;  // nanoseconds after which it is tried again whether threads pay

std::atomic<std::int64_t> busy_until{0}, kept_in_window{0}, window{0};

// Functions of Python's C interface; null until they are set.
struct Python {
    int (*ensure)();
    void (*release)(int);
    int (*check_signals)();
    void (*fetch)(void**, void**, void**);
};
Python python = {};

// What a signal handler has raised, until it is raised again.
thread_local void* raised[3] = {};

}  // namespace

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

std::int64_t thread_time() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * std::int64_t(1'000'000'000) + time.tv_nsec;
#else
    return now();
#endif
}

bool busy() { return now() < busy_until.load(std::memory_order_relaxed); }

void note_kept(std::int64_t kept, std::int64_t whole) {
    const std::int64_t in_window = kept_in_window.fetch_add(kept, std::memory_order_relaxed) + kept;
    const std::int64_t judged = window.fetch_add(whole, std::memory_order_relaxed) + whole;
    if (judged < WINDOW) return;
    if (in_window > judged / 4) busy_until.store(now() + BUSY_FOR, std::memory_order_relaxed);
    kept_in_window.store(0, std::memory_order_relaxed);
    window.store(0, std::memory_order_relaxed);
}

bool signal_raised() {
    if (!python.ensure) return false;
    const int state = python.ensure();
    const bool is_raised = python.check_signals() != 0;
    if (is_raised) python.fetch(&raised[0], &raised[1], &raised[2]);
    python.release(state);
    return is_raised;
}

}  // namespace host
}  // namespace throughtime

extern "C" {

EXPORT const char* throughtime_instruction_set() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx512) return "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
    return "baseline";
}

EXPORT const char* throughtime_compiler() {
#if defined(__clang__)
    return "Clang " __clang_version__;
#else
    return "GCC " __VERSION__;
#endif
}

// PyGILState_Ensure, PyGILState_Release, PyErr_CheckSignals and PyErr_Fetch.
EXPORT void throughtime_use_python(int (*ensure)(), void (*release)(int), int (*check_signals)(),
                                   void (*fetch)(void**, void**, void**)) {
    throughtime::host::python = {ensure, release, check_signals, fetch};
}

// The type, value and traceback that a handler raised in the last aborted call on this thread.
EXPORT void throughtime_raised(void** out) {
    for (int k = 0; k < 3; ++k) out[k] = throughtime::host::raised[k];
}
}
