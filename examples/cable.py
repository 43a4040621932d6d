"""A cell with dendrites on its own: a channel declared in a few lines, a current, spikes, a calcium transient."""

from aura.zones.fabric.channels import CHANNELS, CalciumPool, channel_from_table
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks
from aura.zones.fabric.neurons.membrane import Membrane, Placement
from aura.zones.fabric.neurons.population import Population

# A muscarinic potassium current (Adams, Brown & Constanti 1982), as a table of a scenario would declare it.
slow = channel_from_table("m_current", {
    "ion": "k", "conductance": "0.0005 S/cm2", "reversal": "-77 mV", "temperature": "6.3 degC",
    "gates": [{"name": "w", "steady": "sigmoid(v + 35, 10)",
               "tau": "100 / (3.3 * exp((v + 35) / 20) + exp(-(v + 35) / 20))"}],
}, "example")


def spikes(*extra):
    channels = [CHANNELS[name] for name in ("sodium", "potassium", "leak", "calcium")]
    placements = [Placement(channel, {"all": channel.conductance.value}) for channel in (*channels, *extra)]
    membrane = Membrane(tuple(placements), pool=CalciumPool())
    cell = Population(discretise(ball_and_sticks(), 100.0), membrane, cells=1, dt_ms=0.025, dtype="float64")
    cell.injected[:] = 1.0
    times = cell.advance(4000).time_ms
    tip = cell.cable.node(section=1, segment=5)
    print(f"{len(times)} spikes in 100 ms, the last at {times[-1]:.1f} ms; "
          f"calcium at a dendrite's tip {1e6 * cell.read('ca')[tip, 0]:.0f} nM")


spikes()
spikes(slow)
