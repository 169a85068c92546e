/*
 * build_child.h - the two programs that a worker runs in a child: building, and looking at a file.
 *
 * Only here are the engine's libraries opened, so that an idle worker stays small and a crash in
 * one of them costs one run.
 */
#ifndef TRAINYARD_WORKERS_BUILD_BUILD_CHILD_H
#define TRAINYARD_WORKERS_BUILD_BUILD_CHILD_H

/* trainyard-worker child build: a task on stdin, events on CHILD_EVENTS_FD. Returns the exit code.
 */
int build_child_main(void);

/*
 * trainyard-worker inspect [OPTIONS] [--name NAME] FILE ...: prints what is in a table as JSON, or
 * {"error": {"code", "message"}} with exit code 1. Options: --memory-mb N; --offset N --limit N
 * prints rows instead (see engine/train/preview.h); --unpack INTO --most-mb N takes the table out
 * of the archive FILE first, and writes it over INTO: the answer then tells its name as "member".
 */
int inspect_main(int count, char **arguments);

#endif
