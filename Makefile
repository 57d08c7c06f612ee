# Tessera's build.  `make help` lists the targets.
#
# One non-recursive makefile: every folder of C is a layer, a layer is a static
# library, and a layer's tests link with it and with the layers below it only.

B ?= build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
V ?= 0
SAN ?=
DEBUG ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
JOBS ?= $(shell nproc)
OPT := $(if $(filter 1,$(DEBUG)),-O0,-O2) -g
comma := ,
SANFLAGS := $(if $(SAN),-fsanitize=$(if $(filter 1,$(SAN)),address$(comma)undefined,$(SAN)) -fno-omit-frame-pointer -Wno-format-truncation)
CPPFLAGS += -I. -I$(B)/gen -D_GNU_SOURCE
CFLAGS += -std=gnu11 $(WARN) $(OPT) $(SANFLAGS) -MMD -MP
CXXWARN := -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror
CXXFLAGS += -std=c++17 $(CXXWARN) $(OPT) $(SANFLAGS) -MMD -MP
LDFLAGS += $(SANFLAGS)
LIBS := -lyaml -lsqlite3 -lzstd -ldw -lelf -ljansson -lcapstone -lm -lpthread

# ---- layers, lowest first (the dependency law of ARCHITECTURE.md) -----------
LAYERS := base mesh coherence traces chip analysis cli fuzz
DIRS_base := sim/base
DIRS_mesh := mesh
DIRS_coherence := coherence
DIRS_traces := traces
DIRS_chip := sim/core sim/tile sim/chip sim/engine
DIRS_analysis := analysis
DIRS_cli := sim/cli
DIRS_fuzz := sim/fuzz
BELOW_base := base
BELOW_mesh := mesh base
BELOW_coherence := coherence base
BELOW_traces := traces base
BELOW_chip := chip traces coherence mesh base
BELOW_analysis := analysis base
BELOW_cli := cli analysis chip traces coherence mesh base
BELOW_fuzz := fuzz chip traces coherence mesh base

MAIN_SRC := sim/cli/main.c
FUZZ_MAIN_SRC := sim/fuzz/main.c
OTHER_OBJ_fuzz := $(B)/obj/sim/fuzz/harness_blob.o
define layer
SRC_$(1) := $$(filter-out $$(MAIN_SRC) $$(FUZZ_MAIN_SRC),$$(wildcard $$(addsuffix /*.c,$$(DIRS_$(1)))))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(B)/obj/%.o) $$(OTHER_OBJ_$(1))
$$(B)/lib$(1).a: $$(OBJ_$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$(OBJ_$(1))
TESTS_$(1) := $$(patsubst %.c,$$(B)/tests/%,$$(wildcard $$(addsuffix /tests/test_*.c,$$(DIRS_$(1)))))
$$(TESTS_$(1)): $$(B)/tests/%: $$(B)/obj/%.o $$(foreach l,$$(BELOW_$(1)),$$(B)/lib$$(l).a)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(LDFLAGS) -o $$@ $$< $$(foreach l,$$(BELOW_$(1)),$$(B)/lib$$(l).a) $$(LIBS) -lcriterion
TESTS += $$(TESTS_$(1))
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))
LAYER_LIBS := $(foreach l,$(BELOW_cli),$(B)/lib$(l).a)

include guest-os/guest.mk
include mesh/systemc/systemc.mk
include sim/systemc/systemc.mk

.DEFAULT_GOAL := all
.PHONY: all guest setup test tests lint bench verify format reproduce help clean fuzz systemc-long FORCE
all: $(B)/tessera $(B)/fuzz $(B)/libtessera.a $(B)/systemc-example guest ## the simulator and the guest

guest: $(GUEST_ELFS) ## the guest operating system, its tests and the examples

$(B)/tessera: $(B)/obj/$(MAIN_SRC:.c=.o) $(LAYER_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(LAYER_LIBS) $(LIBS)

# The simulator without its command line, for other programs: sim/chip/chip.h.
$(B)/libtessera.a: $(foreach l,$(BELOW_chip),$(B)/lib$(l).a)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(foreach l,$(BELOW_chip),$(OBJ_$(l)))

# Random programs on Tessera and on QEMU; the harness around them is a guest.
$(B)/fuzz: $(B)/obj/$(FUZZ_MAIN_SRC:.c=.o) $(foreach l,$(BELOW_fuzz),$(B)/lib$(l).a)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/gen/fuzz_harness.bin: sim/fuzz/guest/harness.S sim/fuzz/layout.h sim/fuzz/state.def
	$(call say,GUESTAS,$<)
	$(Q)mkdir -p $(@D) && $(CROSS)gcc -I. -march=rv64ima_zicsr_zifencei -mabi=lp64 -nostdlib -Ttext=0x80000000 -o $(@:.bin=.elf) $<
	$(Q)$(CROSS)objcopy -O binary -j .text $(@:.bin=.elf) $@

$(B)/obj/sim/fuzz/harness_blob.o: sim/fuzz/harness_blob.S $(B)/gen/fuzz_harness.bin
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.cpp
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D) && $(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

# What the program says it was built from; rewritten only when that changes.
TEST_SOURCES := $(wildcard */tests/*.[ch] sim/*/tests/*.[ch])
SOURCES := $(wildcard $(foreach l,$(LAYERS),$(foreach d,$(DIRS_$(l)),$(d)/*.[ch] $(d)/*.def $(d)/*.inc)) sim/abi/*.h)
$(B)/gen/revision.h: FORCE
	$(Q)mkdir -p $(@D) && .ci/revision.sh $@ $(sort $(SOURCES))
$(OBJ_cli) $(B)/obj/$(MAIN_SRC:.c=.o) $(TESTS_cli:$(B)/tests/%=$(B)/obj/%.o): | $(B)/gen/revision.h

# ---- the two commands, and what they are made of ------------------------------
setup: ## install what is missing
	$(Q).ci/setup.sh

# Each of the two installs first, then starts over with what is there now.
test: setup ## install what is missing, build everything, run every test
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all tests
	$(Q)B=$(B) .ci/run-tests.sh --guests $(B)/tessera $(B)/guest/tests guest-os/tests \
		--guests $(B)/tessera $(B)/guest/tests/bare guest-os/tests/bare \
		--script .ci/lint.sh $(TESTS)

tests: $(TESTS)

lint: $(B)/gen/revision.h ## the dependency law, headers on their own, warnings of gcc and clang
	$(Q)B=$(B) .ci/lint.sh

reproduce: setup ## install what is missing, build, run the main experiment, draw its figure
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)mkdir -p out
	$(B)/tessera sweep configs/sweeps/update.yaml --db out/tessera.db
	$(B)/tessera plot update --db out/tessera.db -o out/update.svg
	$(B)/tessera plot update --db out/tessera.db -o out/update.png
	$(B)/tessera plot update --db out/tessera.db -o out/update.pdf

FUZZ_SECONDS ?= 60
SEED ?= $(shell date +%s)
SYSTEMC_EXPERIMENTS ?= 3000
BENCHES := $(patsubst %.c,$(B)/bench/%,$(wildcard mesh/bench/*.c))
$(B)/bench/mesh/%: $(B)/obj/mesh/%.o $(B)/libmesh.a $(B)/libbase.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

bench: all $(BENCHES) ## how fast the simulator is on this machine: BOOKSIM=path runs BookSim beside
	$(Q)B=$(B) .ci/bench.sh $(BENCHES)

VERIFIERS := $(patsubst %.c,$(B)/verify/%,$(wildcard mesh/verify/*.c))
$(B)/verify/mesh/%: $(B)/obj/mesh/%.o $(B)/libmesh.a $(B)/libbase.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

VERIFY_TESTS := $(addprefix $(B)/tests/,coherence/tests/test_explore coherence/tests/test_random sim/chip/tests/test_litmus)
verify: $(VERIFIERS) $(VERIFY_TESTS) ## what is longer than a test: the mesh against every point of BookSim, every interleaving of coherence, litmus tests
	$(Q)for v in $(VERIFIERS); do $$v || exit 1; done
	$(Q)EXPLORE=all $(B)/tests/coherence/tests/test_explore -j1
	$(Q)RANDOM_TIMES=20 $(B)/tests/coherence/tests/test_random -j1
	$(Q)LITMUS_SEEDS=10 $(B)/tests/sim/chip/tests/test_litmus

fuzz: $(B)/fuzz ## random programs against QEMU: FUZZ_SECONDS=60 SEED=N ISA=base_c..., CORPUS=record
	$(Q).ci/setup.sh qemu-system-misc
ifeq ($(CORPUS),record)
	$(B)/fuzz record
else
	$(B)/fuzz run --seconds $(FUZZ_SECONDS) --seed $(SEED) $(if $(ISA),--isa $(ISA))
endif

systemc-long: $(B)/mesh-compare ## the mesh against its reference in SystemC: SYSTEMC_EXPERIMENTS=3000 SEED=N
	$(B)/mesh-compare $(SEED) $(SYSTEMC_EXPERIMENTS)

format: ## lay the C sources out by .clang-format
	$(Q)clang-format -i $(filter %.c %.h,$(SOURCES) $(TEST_SOURCES)) $(SOURCES_CXX)

clean: ## remove everything built
	rm -rf $(B)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
