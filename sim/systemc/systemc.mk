# libtessera as a SystemC module, and the example that uses it.

SYSTEMC_CHIP_OBJ := $(patsubst %.cpp,$(B)/obj/%.o,$(filter-out sim/systemc/example.cpp,$(wildcard sim/systemc/*.cpp)))
SYSTEMC_CHIP_TESTS := $(patsubst %.cpp,$(B)/tests/%,$(wildcard sim/systemc/tests/test_*.cpp))
SYSTEMC_GUEST := $(B)/guest/systemc/copier.elf
SOURCES_CXX += $(wildcard sim/systemc/*.[ch]pp sim/systemc/tests/*.cpp)
GUEST_ELFS += $(SYSTEMC_GUEST)
TESTS += $(SYSTEMC_CHIP_TESTS)

$(B)/systemc-example: $(B)/obj/sim/systemc/example.o $(SYSTEMC_CHIP_OBJ) $(B)/libtessera.a
	$(call say,LD,$@)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lsystemc $(LIBS)

# Criterion's main comes before SystemC's.
$(SYSTEMC_CHIP_TESTS): $(B)/tests/%: $(B)/obj/%.o $(SYSTEMC_CHIP_OBJ) $(B)/libtessera.a | $(SYSTEMC_GUEST)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CXX) $(LDFLAGS) -o $@ $^ -lcriterion -lsystemc $(LIBS)

$(B)/guest/obj/systemc/%.o: sim/systemc/guest/%.c
	$(call say,GUESTCC,$<)
	$(Q)mkdir -p $(@D) && $(CROSS)gcc -I. $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(SYSTEMC_GUEST): $(B)/guest/systemc/%.elf: $(B)/guest/obj/systemc/%.o $(GUEST_CRT0_OBJ) guest-os/examples/example.ld
	$(call say,GUESTLD,$@)
	$(call guest_link,guest-os/examples/example.ld)

-include $(B)/guest/obj/systemc/copier.d
