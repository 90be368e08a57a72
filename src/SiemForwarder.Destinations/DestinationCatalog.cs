using System.Collections.Frozen;

namespace SiemForwarder.Destinations;

/// <summary>One kind of destination: its stable id, what it can promise, and how to open it.</summary>
/// <param name="Id">Stable id, lower_snake_case, stored.</param>
/// <param name="Name">Name for people.</param>
/// <param name="Schemes">URL schemes it takes.</param>
/// <param name="Acceptance">Which kind of success it can give.</param>
/// <param name="Open">Opens a destination; connects to nothing yet.</param>
public sealed record DestinationKind(
    string Id, string Name, IReadOnlyList<string> Schemes, Acceptance Acceptance, Func<DestinationSettings, TimeProvider, IDestination> Open);

/// <summary>The list of all destinations: a new one is one line here.</summary>
public static class DestinationCatalog
{
    private static readonly FrozenDictionary<string, DestinationKind> ById =
        Array.Empty<DestinationKind>().ToFrozenDictionary(kind => kind.Id);

    public static IReadOnlyList<DestinationKind> All => ById.Values;

    public static DestinationKind? Find(string id) => ById.GetValueOrDefault(id);
}
