// The process and the machine that the library runs in; compiled once, for every instruction set.
#pragma once

#include <cstdint>

namespace throughtime {
namespace host {

// Nanoseconds of a monotonic clock, and those that this thread has been running.
std::int64_t now();
std::int64_t thread_time();

// Whether threads of this process were recently kept from running, for lack of a processor, for much of their time.
bool busy();

// Records that threads that should have run for `whole` nanoseconds were kept from it for `kept` of them.
void note_kept(std::int64_t kept, std::int64_t whole);

// Runs the handlers of pending signals; returns whether one has raised. The caller raises it again (engine/native.py).
bool signal_raised();

}  // namespace host
}  // namespace throughtime
