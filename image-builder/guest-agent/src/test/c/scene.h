/* An agent in this process whose children are only pipes, and the host it talks to. No process, no clock, no network. */
#ifndef MAYFLY_TEST_SCENE_H
#define MAYFLY_TEST_SCENE_H

#include "agent.h"
#include "host.h"

struct scene {
    struct agent agent;
    struct host host;
    struct message message;
    /* What the simulated child of each place in the table holds: its stdin, stdout, stderr and report. */
    int child[EXEC_LIMIT][4];
    int last_signal;
    bool last_everything;
    bool refuse_spawn;
};

void scene_open(struct scene *scene);
void scene_close(struct scene *scene);
/* Sends the message and lets the agent work until it has nothing more to do. */
void scene_say(struct scene *scene);
void scene_settle(struct scene *scene);
/* The next frame of this type; others before it are skipped. False when there is none. */
bool scene_expect(struct scene *scene, uint8_t type, struct frame *frame);
/* Begins a new message. */
struct message *scene_new(struct scene *scene);
/* HELLO and SETUP, answered. */
void scene_ready(struct scene *scene);
/* Starts exec id and lets its child become the program. */
struct exec *scene_start(struct scene *scene, uint32_t id, uint8_t flags);
/* The child becomes the program. */
void scene_become(struct scene *scene, struct exec *exec);
void scene_print(struct scene *scene, struct exec *exec, int stream, const void *data, size_t length);
/* The process ends; its pipes close when so said. */
void scene_end(struct scene *scene, struct exec *exec, int status, bool close_pipes);

#endif
