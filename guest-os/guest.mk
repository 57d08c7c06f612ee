# The guest: one ELF of the operating system, one a test (bare: without the operating
# system), one an example.
# Included by the root Makefile; needs B, Q and say.

CROSS ?= riscv64-unknown-elf-
GUEST_WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wvla -Wpointer-arith -Wcast-align -Werror
GUEST_CFLAGS := -std=gnu11 $(GUEST_WARN) -O2 -g -march=rv64ima_zicsr_zifencei -mabi=lp64 \
	-mcmodel=medany -msmall-data-limit=0 -ffreestanding -fno-common -fno-pic \
	-fno-asynchronous-unwind-tables -fno-stack-protector
GUEST_LDFLAGS := -nostdlib -static -march=rv64ima_zicsr_zifencei -mabi=lp64 \
	-Wl,--fatal-warnings -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=64

GUEST_OS_SRC := $(foreach d,boot cpu lib transport,$(wildcard guest-os/$(d)/*.c guest-os/$(d)/*.S))
GUEST_BENCH_SRC := $(wildcard guest-os/bench/*.c)
GUEST_TEST_SRC := $(wildcard guest-os/tests/*.c)
GUEST_BARE_SRC := $(wildcard guest-os/tests/bare/*.c)
GUEST_EXAMPLE_SRC := $(wildcard guest-os/examples/*.c)

guest_obj = $(patsubst guest-os/%,$(B)/guest/obj/%.o,$(basename $(1)))
GUEST_OS_OBJ := $(call guest_obj,$(GUEST_OS_SRC))
GUEST_BENCH_OBJ := $(call guest_obj,$(GUEST_BENCH_SRC))
GUEST_CRT0_OBJ := $(B)/guest/obj/examples/crt0.o

GUEST_BENCH_LIB := $(B)/guest/obj/libbench.a

GUEST_OS_ELF := $(B)/guest/tessera-os.elf
GUEST_TEST_ELFS := $(patsubst guest-os/%.c,$(B)/guest/%.elf,$(GUEST_TEST_SRC))
GUEST_BARE_ELFS := $(patsubst guest-os/%.c,$(B)/guest/%.elf,$(GUEST_BARE_SRC))
GUEST_EXAMPLE_ELFS := $(patsubst guest-os/%.c,$(B)/guest/%.elf,$(GUEST_EXAMPLE_SRC))
GUEST_ELFS := $(GUEST_OS_ELF) $(GUEST_TEST_ELFS) $(GUEST_BARE_ELFS) $(GUEST_EXAMPLE_ELFS)

# What an example is compiled for: sizes of its problem, see the example.
GUEST_EXAMPLE_FLAGS ?=
$(B)/guest/obj/examples/%.o: GUEST_CFLAGS += $(GUEST_EXAMPLE_FLAGS)

$(B)/guest/obj/%.o: guest-os/%.c
	$(call say,GUESTCC,$<)
	$(Q)mkdir -p $(@D) && $(CROSS)gcc -I. $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/guest/obj/%.o: guest-os/%.S
	$(call say,GUESTAS,$<)
	$(Q)mkdir -p $(@D) && $(CROSS)gcc -I. $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

guest_link = $(Q)mkdir -p $(@D) && $(CROSS)gcc $(GUEST_LDFLAGS) -T $(1) -o $@ $(filter %.o,$^) $(filter %.a,$^)

# An archive, so that a test which brings its own user_main can run a bench.
$(GUEST_BENCH_LIB): $(GUEST_BENCH_OBJ)
	$(call say,GUESTAR,$@)
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^

$(GUEST_OS_ELF): $(GUEST_OS_OBJ) $(GUEST_BENCH_LIB) guest-os/link.ld
	$(call say,GUESTLD,$@)
	$(call guest_link,guest-os/link.ld)

$(GUEST_TEST_ELFS): $(B)/guest/tests/%.elf: $(B)/guest/obj/tests/%.o $(GUEST_OS_OBJ) $(GUEST_BENCH_LIB) guest-os/link.ld
	$(call say,GUESTLD,$@)
	$(call guest_link,guest-os/link.ld)

$(GUEST_EXAMPLE_ELFS): $(B)/guest/examples/%.elf: $(B)/guest/obj/examples/%.o $(GUEST_CRT0_OBJ) guest-os/examples/example.ld
	$(call say,GUESTLD,$@)
	$(call guest_link,guest-os/examples/example.ld)

$(GUEST_BARE_ELFS): $(B)/guest/tests/bare/%.elf: $(B)/guest/obj/tests/bare/%.o $(B)/guest/obj/tests/bare/start.o guest-os/examples/example.ld
	$(call say,GUESTLD,$@)
	$(call guest_link,guest-os/examples/example.ld)

-include $(patsubst %.o,%.d,$(GUEST_OS_OBJ) $(GUEST_BENCH_OBJ) $(GUEST_CRT0_OBJ) \
	$(call guest_obj,$(GUEST_TEST_SRC) $(GUEST_BARE_SRC) $(GUEST_EXAMPLE_SRC)))
