/*
 * pdf_child.c - the process that prints one page: how it starts and what it may do.
 *
 * The shim has threads: between fork and exec the child calls nothing but the
 * system, and touches no memory that another thread may hold a lock on. The
 * page has no reference to anything outside itself; should one slip in, the
 * child can still open no socket. It runs with the shim's user, after
 * everybody else (nice), and every limit is the kernel's.
 */
#include "pdf_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHILD_MEMORY (1024UL * 1024 * 1024) /* of addresses; WeasyPrint takes a third of it */
#define CHILD_FILE (16UL * 1024 * 1024)		/* bytes of the PDF */
#define CHILD_FILES 64						/* descriptors */
#define CHILD_NICE 5						/* more than the shim's own */

#define CHILD_PATH "PATH=/usr/local/bin:/usr/bin:/bin"

/* No cache is written: there is no home, and Python is told so. */
static char *const child_env[] = {CHILD_PATH,
								  "LANG=C.UTF-8",
								  "HOME=/nonexistent",
								  "XDG_CACHE_HOME=/nonexistent",
								  "PYTHONDONTWRITEBYTECODE=1",
								  NULL};

#if defined(__x86_64__)
#define CHILD_ARCH AUDIT_ARCH_X86_64
#define CHILD_CALLS 0x40000000U /* from here on the calls of another ABI */
#elif defined(__aarch64__)
#define CHILD_ARCH AUDIT_ARCH_AARCH64
#define CHILD_CALLS 0xffffffffU
#endif

/* No sockets, by whatever way one could be made. False where the kernel does not know how. */
static bool
child_no_network(void)
{
#ifdef CHILD_ARCH
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE_IF(call)                                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                                             \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CHILD_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, CHILD_CALLS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		REFUSE_IF(__NR_socket),
		REFUSE_IF(__NR_io_uring_setup),
		REFUSE_IF(__NR_ptrace),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
#else
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#endif
}

static bool
child_limit(int what, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t) what, &limit) != 0)
		return false;
	if (limit.rlim_max > most) /* less than most, from whoever started the shim, stays */
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t) what, &limit) == 0;
}

static bool
child_limits(long cpu_s)
{
	return child_limit(RLIMIT_CPU, (rlim_t) cpu_s) && child_limit(RLIMIT_AS, CHILD_MEMORY) &&
		   child_limit(RLIMIT_FSIZE, CHILD_FILE) && child_limit(RLIMIT_NOFILE, CHILD_FILES) &&
		   child_limit(RLIMIT_CORE, 0);
}

/* From the fork to the program; returns only when something is refused. */
static void
child_become(const char *path, int in, int out, int trash, long cpu_s)
{
	static char *const arguments[] = {"weasyprint", "--quiet", "--base-url", "about:blank",
									  "-",			"-",	   NULL};
	sigset_t none;

	sigemptyset(&none);
	if (setpgid(0, 0) != 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(trash, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0 ||
		chdir("/") != 0 ||
		setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + CHILD_NICE) != 0)
		return;
	signal(SIGPIPE, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || !child_limits(cpu_s) || !child_no_network())
		return;
	execve(path, arguments, child_env);
}

pid_t
pdf_child_start(const char *path, int in, int out, long cpu_s)
{
	pid_t parent = getpid();
	int trash = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = trash < 0 ? -1 : fork();

	if (pid == 0)
	{
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			child_become(path, in, out, trash, cpu_s);
		_exit(127);
	}
	if (pid > 0)
		(void) setpgid(pid, pid); /* both sides: whoever comes first */
	if (trash >= 0)
		close(trash);
	return pid;
}
