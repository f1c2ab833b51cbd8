# SPDX-License-Identifier: GPL-2.0-only
##! Models of the protocol
## model		searches the models of the queue protocol (a minute); also a part of check
model:
	@tests/vm/deps
	@tests/model/run

## model-long	the same with wider bounds, and all mutants (half an hour)
model-long:
	@tests/vm/deps
	@tests/model/run -l

.PHONY: model model-long
