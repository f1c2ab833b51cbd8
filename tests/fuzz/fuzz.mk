# SPDX-License-Identifier: GPL-2.0-only
# Guided by what of the module is reached, and so on a kernel with KCOV: that is a debug kernel.
FUZZ_K := $(if $(filter file,$(origin K)),debug,$(K))
FUZZ := $(BUILD)/tests/fuzz/fuzz
FUZZ_EXIT := $(BUILD)/tests/fuzz/exit
FUZZ_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c)) $(BUILD)/tests/vm/settle.o
FUZZ_FOUND := $(BUILD)/fuzz

$(BUILD)/tests/fuzz/%.o: ALL_CPPFLAGS += -Itests/vm

fuzzer: $(FUZZ) $(FUZZ_EXIT)

# libFuzzer comes with clang.
$(FUZZ): $(FUZZ_OBJECTS)
	$(call say,LD,$@)
	$(Q)clang -fsanitize=fuzzer -o $@ $^

$(FUZZ_EXIT): tests/fuzz/exit.S
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -o $@ $<

# $(1) for how many seconds at most, $(2) what to run.
define fuzz_in_guest
$(call prepare,guest-ready-$(FUZZ_K) fuzzer)
@CALLS=$(CALLS) tests/fuzz/in-guest $(FUZZ_K) $(1) $(2)
endef

##! Fuzzing, on a debug kernel; tests/fuzz/README.md tells how it works.
## fuzz		calls the whole ABI at random: make fuzz [DURATION=seconds] [CALLS=n] [SEED=n]
fuzz: DURATION := $(or $(DURATION),$(if $(CALLS),1000000,300))
fuzz:
	$(call fuzz_in_guest,$$(($(DURATION) + 300)),fuzz -seed=$(or $(SEED),0) -max_total_time=$(DURATION))

## fuzz-long	the same until there were 10 million calls; hours
fuzz-long:
	@$(MAKE) -s --no-print-directory fuzz CALLS=$(or $(CALLS),10000000)

## fuzz-reached	how much of each file of the module the tree's corpus reaches, and where it does not
fuzz-reached:
	$(call fuzz_in_guest,1000,corpus)
	@tests/fuzz/reached $(BUILD)/modules/$(FUZZ_K)/kmod $(FUZZ_FOUND)/new/reached

## fuzz-one	an input once more, a hundred times: make fuzz-one INPUT=build/fuzz/failed
fuzz-one:
	$(call fuzz_in_guest,$(TIMEOUT),one $(INPUT))

## fuzz-merge	makes the tree's corpus anew: the inputs of it and of build/fuzz/corpus that reach more than others
fuzz-merge:
	$(call fuzz_in_guest,10000,merge)
	@rm -f tests/fuzz/corpus/* && cp $(FUZZ_FOUND)/new/corpus/* tests/fuzz/corpus/

.PHONY: fuzz fuzzer fuzz-long fuzz-reached fuzz-one fuzz-merge
