// What the library knows of the process and the machine it runs in; compiled once, for every instruction set.
#pragma once

#include <cstdint>

namespace throughtime {
namespace host {

// Nanoseconds of a clock that never goes back, and those that this thread has been running.
std::int64_t now();
std::int64_t thread_time();

// Whether threads of this process were lately kept from running, for want of a processor, for much of their time.
bool busy();

// Threads that should have run for `whole` nanoseconds were kept from it for `kept` of them.
void note_kept(std::int64_t kept, std::int64_t whole);

// Runs the handlers of signals that have come; whether one has raised. The caller raises it again (engine/native.py).
bool signal_raised();

}  // namespace host
}  // namespace throughtime
