using SiemForwarder.Events;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Which events a lane sends, and what it adds to them.</summary>
/// <param name="filter">Filter of the integration.</param>
internal class EventSelection(EventFilter filter)
{
    /// <summary>Whether an event is to be sent.</summary>
    public virtual bool Wants(SecurityEvent one) => filter.Evaluate(one).IsWanted;

    /// <summary>The event as the lane sends it.</summary>
    public virtual SecurityEvent Mark(SecurityEvent one) => one;
}
