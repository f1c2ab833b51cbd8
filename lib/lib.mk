# SPDX-License-Identifier: GPL-2.0-only
LIB_VERSION := $(shell sed -n 's/.define IPCX_VERSION\t*"\(.*\)"/\1/p' lib/include/ipcx/ipcx.h)
LIB_SONAME := libipcx.so.1
OBJCOPY ?= objcopy
# URIs of channels
LIB_NEEDS := -luriparser
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(wildcard lib/examples/*.c))

## lib		libipcx, shared and static
lib: $(BUILD)/lib/libipcx.so $(BUILD)/lib/libipcx.a

$(BUILD)/lib/%.o: ALL_CFLAGS += -fPIC -fvisibility=hidden -fno-semantic-interposition

$(BUILD)/lib/$(LIB_SONAME): $(LIB_OBJECTS) lib/libipcx.map
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(LIB_SONAME) -Wl,-z,defs -Wl,-Bsymbolic-functions \
		-Wl,--version-script=lib/libipcx.map -o $@ $(LIB_OBJECTS) $(LIB_NEEDS)

$(BUILD)/lib/libipcx.so: $(BUILD)/lib/$(LIB_SONAME)
	$(Q)ln -sf $(<F) $@

# As one object, so that the names its files share are no names of the program's.
$(BUILD)/lib/libipcx.a: $(LIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)$(LD) -r -o $(@:.a=.o) $^ && $(OBJCOPY) --localize-hidden $(@:.a=.o)
	$(Q)rm -f $@ && $(AR) rcs $@ $(@:.a=.o)

## examples	lib/examples, one short program for each mechanism
examples: $(EXAMPLES)

$(EXAMPLES): %: %.o $(BUILD)/lib/libipcx.so
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/..' -o $@ $< -L$(BUILD)/lib -lipcx

# Made anew each time: the directories may be others than the last time.
$(BUILD)/lib/libipcx.pc: lib/libipcx.pc.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(LIB_VERSION)|' $< >$@

INSTALLED += 644:$(BUILD)/lib/$(LIB_SONAME):$(LIBDIR)/$(LIB_SONAME) \
	link:$(LIB_SONAME):$(LIBDIR)/libipcx.so \
	644:$(BUILD)/lib/libipcx.a:$(LIBDIR)/libipcx.a \
	644:$(BUILD)/lib/libipcx.pc:$(LIBDIR)/pkgconfig/libipcx.pc \
	$(foreach file,$(wildcard lib/include/ipcx/*.h),644:$(file):$(INCLUDEDIR)/ipcx/$(notdir $(file))) \
	$(foreach file,$(wildcard kmod/uapi/linux/*.h),644:$(file):$(INCLUDEDIR)/linux/$(notdir $(file)))
INSTALLED_DIRS += $(INCLUDEDIR)/ipcx

FORCE:

.PHONY: lib examples FORCE
