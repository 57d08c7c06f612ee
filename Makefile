# Tessera's build.  `make help` lists the targets.
#
# One non-recursive makefile: every folder of C is a layer, a layer is a static
# library, and a layer's tests link with it and with the layers below it only.

B ?= build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
V ?= 0
SAN ?=
DEBUG ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
OPT := $(if $(filter 1,$(DEBUG)),-O0,-O2) -g
SANFLAGS := $(if $(SAN),-fsanitize=$(if $(filter 1,$(SAN)),address$(comma)undefined,$(SAN)) -fno-omit-frame-pointer)
comma := ,
CPPFLAGS += -I. -I$(B)/gen -D_GNU_SOURCE
CFLAGS += -std=gnu11 $(WARN) $(OPT) $(SANFLAGS) -MMD -MP
LDFLAGS += $(SANFLAGS)
LIBS := -lyaml -lsqlite3 -lzstd -lelf -ljansson -lcapstone -lm -lpthread

# ---- layers, lowest first (the dependency law of ARCHITECTURE.md) -----------
LAYERS := base mesh coherence traces chip analysis cli
DIRS_base := sim/base
DIRS_mesh := mesh
DIRS_coherence := coherence
DIRS_traces := traces
DIRS_chip := sim/core sim/tile sim/chip sim/engine
DIRS_analysis := analysis
DIRS_cli := sim/cli
BELOW_base := base
BELOW_mesh := mesh base
BELOW_coherence := coherence base
BELOW_traces := traces base
BELOW_chip := chip traces coherence mesh base
BELOW_analysis := analysis base
BELOW_cli := cli analysis chip traces coherence mesh base

MAIN_SRC := sim/cli/main.c
define layer
SRC_$(1) := $$(filter-out $$(MAIN_SRC),$$(wildcard $$(addsuffix /*.c,$$(DIRS_$(1)))))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(B)/obj/%.o)
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

.DEFAULT_GOAL := all
.PHONY: all guest setup test lint bench format reproduce help clean FORCE
all: $(B)/tessera guest ## the simulator and the guest

guest: $(GUEST_ELFS) ## the guest operating system, its tests and the examples

$(B)/tessera: $(B)/obj/$(MAIN_SRC:.c=.o) $(LAYER_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(LAYER_LIBS) $(LIBS)

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# What the program says it was built from; rewritten only when that changes.
SOURCES := $(wildcard $(foreach l,$(LAYERS),$(foreach d,$(DIRS_$(l)),$(d)/*.[ch] $(d)/*.def)) sim/abi/*.h)
$(B)/gen/revision.h: FORCE
	$(Q)mkdir -p $(@D) && .ci/revision.sh $@ $(sort $(SOURCES))
$(OBJ_cli) $(B)/obj/$(MAIN_SRC:.c=.o) $(TESTS_cli:$(B)/tests/%=$(B)/obj/%.o): | $(B)/gen/revision.h

clean: ## remove everything built
	rm -rf $(B)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
