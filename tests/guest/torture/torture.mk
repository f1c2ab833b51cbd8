# SPDX-License-Identifier: GPL-2.0-only
# Who is killed by test_torture. Static, and of the library what it uses alone: a process that has
# little is quickly forked and quickly dead.
TORTURE_ACTOR := $(BUILD)/tests/guest/torture/actor

$(TORTURE_ACTOR): $(BUILD)/tests/guest/torture/actor.o $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)rm -f $@.a && $(AR) rcsT $@.a $(LIB_OBJECTS)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -o $@ $< $@.a

$(BUILD)/tests/guest/test_torture: | $(TORTURE_ACTOR)
