namespace SiemForwarder.Events;

/// <summary>A class and an activity in OCSF.</summary>
/// <param name="ClassUid">Class, for example 3002 Authentication.</param>
/// <param name="ActivityId">Activity within the class; 99 is Other.</param>
/// <param name="ActivityName">Name of the activity, given if the id is 99.</param>
public sealed record OcsfActivity(int ClassUid, int ActivityId, string? ActivityName = null)
{
    public int TypeUid => (ClassUid * 100) + ActivityId;
}
