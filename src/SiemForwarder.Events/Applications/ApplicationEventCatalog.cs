using System.Collections.Frozen;

namespace SiemForwarder.Events.Applications;

/// <summary>Finds the descriptions of event types beyond Keycloak's.</summary>
internal static class ApplicationEventCatalog
{
    private static readonly FrozenDictionary<string, EventDescription> Types =
        ApplicationEventTypes.Rows.ToFrozenDictionary(row => row.Type, StringComparer.Ordinal);

    public static IReadOnlyList<EventDescription> All => ApplicationEventTypes.Rows;

    /// <summary>The description of a type, or null if the catalogue does not list it.</summary>
    public static EventDescription? Find(string type) => Types.GetValueOrDefault(type);
}
