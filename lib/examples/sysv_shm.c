// SPDX-License-Identifier: LGPL-2.1-or-later
/* A text in a System V segment, found by its id, and gone with its last user. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/sysv_shm.h>

#define RIGHTS	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

static int child(int id)
{
	struct ipcx_sysv_shm *shm;
	char *text;
	int ret;

	ret = ipcx_sysv_shm_from_id(id, &shm);
	if (ret < 0)
		return ret;
	ret = ipcx_sysv_shm_attach(shm, RIGHTS, (void **)&text);
	ipcx_sysv_shm_close(shm);
	if (ret < 0)
		return ret;
	strcpy(text, "written by the child");
	return ipcx_sysv_shm_detach(text);
}

int main(void)
{
	struct ipcx_sysv_shm *shm;
	char *text;
	int ret;

	ret = ipcx_sysv_shm_create(IPCX_SYSV_PRIVATE, 4096, 0, 0, &shm);
	if (ret < 0)
		goto fail;
	ret = ipcx_sysv_shm_attach(shm, RIGHTS, (void **)&text);
	/* From here on nothing is left behind, whatever happens. */
	ipcx_sysv_shm_remove(shm);
	if (ret < 0)
		goto fail;

	if (!fork())
		_exit(child(ipcx_sysv_shm_id(shm)) < 0);
	wait(NULL);
	puts(text);
	ret = *text ? 0 : 1;
	ipcx_sysv_shm_detach(text);
	ipcx_sysv_shm_close(shm);
	return ret;
fail:
	fprintf(stderr, "sysv_shm: %s\n", strerror(-ret));
	return 1;
}
