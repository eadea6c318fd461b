/*
 * task.h - calls of providers that the database asks for: refunds, second looks.
 *
 * The database keeps the tasks and leases them out; one that is not reported in
 * time is handed out again, and the provider knows it by the same key.
 */
#ifndef MJC_SHIM_TASK_H
#define MJC_SHIM_TASK_H

struct app;
struct task;

/* task_new - NULL without memory. */
struct task *task_new(struct app *app);

/* task_free - release; outcall and the database must be closed before. NULL is fine. */
void task_free(struct task *task);

/* task_tick - take tasks when it is time, report what is done. For the loop. */
void task_tick(struct task *task);

#endif
