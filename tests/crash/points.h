#pragma once
// What happens at a point: it is counted, written down, and, if a fault is planned there, suffered. For a library that is preloaded
// into the real binary (shim.cpp); nothing here allocates, and nothing throws.
//
// From the environment, and taken out of it:
//   CRASH_DIR     a folder: `trace` gets a line "pid point n" per hit, and "pid ! point n action engine supervisor" per fault, before it is
//                 suffered;
//                 `engine`, `supervisor` and `children` the numbers of processes; `killed` the attempts of steps that were
//   CRASH_FAULTS  "point#n=action;...", n from 1; action is kill:WHO or stop:WHO, WHO some of e (engine), s (supervisor), c (what
//                 the supervisor started), g (its process groups)
#include <sys/types.h>

namespace crash {

enum class Role { engine, supervisor };
Role role();

void hit(const char* point);
// The point is counted, and the other side is stopped first if a fault is planned at this hit: it finds unread what is sent now.
// Then true, and the fault is suffered by `suffer`.
bool is_unread(const char* point);
void suffer(const char* point);

void forked(pid_t supervisor);  // in the engine
void became_supervisor();       // in the child
void note(const char* name);    // the number of this process, in the file of that name
void note_child(pid_t pid);

}  // namespace crash
