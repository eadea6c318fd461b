/*
 * unit_pdf.c - tests of pdf.c: which program is found. What it does is seen by
 * test/http/invoice_pdf.t.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../shim/pdf.h"
#include "tap.h"

static void
touch(const char *path, mode_t mode)
{
	FILE *file = fopen(path, "w");

	if (file != NULL)
		fclose(file);
	chmod(path, mode);
}

void
test_pdf(void)
{
	char dir[] = "/tmp/mjc-unit-pdf.XXXXXX";
	char good[64], plain[64], folder[64], dirs[256], long_name[PDF_PROGRAM + 1], path[PDF_PROGRAM];
	const char *before = getenv("PATH");
	char *kept = before == NULL ? NULL : strdup(before);

	if (!tap_ok(mkdtemp(dir) != NULL, "pdf: a folder"))
		return;
	snprintf(good, sizeof(good), "%s/printer", dir);
	snprintf(plain, sizeof(plain), "%s/plain", dir);
	snprintf(folder, sizeof(folder), "%s/folder", dir);
	touch(good, 0755);
	touch(plain, 0644);
	mkdir(folder, 0755);
	snprintf(dirs, sizeof(dirs), "::relative:/nowhere:%s:/usr/bin", dir);
	setenv("PATH", dirs, 1);
	tap_ok(pdf_find("printer", path), "pdf: a name in PATH");
	tap_text(path, good, "pdf: its path");
	tap_ok(pdf_find(good, path), "pdf: a path");
	tap_text(path, good, "pdf: as it stands");
	tap_ok(!pdf_find("plain", path), "pdf: a file that may not be run");
	tap_text(path, "", "pdf: no path");
	tap_ok(!pdf_find(plain, path), "pdf: nor by its path");
	tap_ok(!pdf_find("folder", path), "pdf: a folder");
	tap_ok(!pdf_find("no-such-printer", path), "pdf: a name that is not there");
	tap_ok(!pdf_find("", path), "pdf: no name");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	tap_ok(!pdf_find(long_name, path), "pdf: a name too long");
	unsetenv("PATH");
	tap_ok(!pdf_find("printer", path), "pdf: no PATH");
	tap_ok(pdf_find(good, path), "pdf: a path needs none");
	if (kept != NULL)
		setenv("PATH", kept, 1);
	free(kept);
	unlink(good);
	unlink(plain);
	rmdir(folder);
	rmdir(dir);
}
