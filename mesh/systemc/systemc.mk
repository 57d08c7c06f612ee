# The mesh's reference in SystemC, and the program that compares the two.

SYSTEMC_REFERENCE := $(filter-out mesh/systemc/main.cpp,$(wildcard mesh/systemc/*.cpp))
SYSTEMC_REFERENCE_OBJ := $(SYSTEMC_REFERENCE:%.cpp=$(B)/obj/%.o)
SYSTEMC_TESTS := $(patsubst %.cpp,$(B)/tests/%,$(wildcard mesh/systemc/tests/test_*.cpp))
SYSTEMC_BELOW := $(SYSTEMC_REFERENCE_OBJ) $(B)/libmesh.a $(B)/libbase.a
TESTS += $(SYSTEMC_TESTS)
SOURCES_CXX += $(wildcard mesh/systemc/*.[ch]pp mesh/systemc/tests/*.cpp)

$(B)/mesh-compare: $(B)/obj/mesh/systemc/main.o $(SYSTEMC_BELOW)
	$(call say,LD,$@)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lsystemc $(LIBS)

# Criterion's main comes before SystemC's.
$(SYSTEMC_TESTS): $(B)/tests/%: $(B)/obj/%.o $(SYSTEMC_BELOW)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CXX) $(LDFLAGS) -o $@ $^ -lcriterion -lsystemc $(LIBS)
