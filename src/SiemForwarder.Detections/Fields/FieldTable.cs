namespace SiemForwarder.Detections.Fields;

/// <summary>How the names of fields in rules are read.</summary>
public enum FieldNaming
{
    /// <summary>Normalized names first, then Keycloak's own, then a path into the event as it was sent.</summary>
    Normalized,

    /// <summary>Each name is a key or a path of the event as it was sent; nothing is mapped.</summary>
    AsSent,
}

/// <summary>All fields that the rules of an engine name, each with its place; filled while rules are read.</summary>
internal sealed class FieldTable(FieldNaming naming, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
{
    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);
    private readonly List<Func<EventFields, FieldValue>> resolvers = [];
    private readonly List<FieldRoute> routes = [];
    private readonly List<string> names = [];
    private readonly SortedSet<string> watchedPaths = new(StringComparer.Ordinal);

    public int Count => resolvers.Count;

    public IReadOnlyList<Func<EventFields, FieldValue>> Resolvers => resolvers;

    /// <summary>Normalized names of the fields, by place.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The place of a field by its normalized name; null if no rule names it.</summary>
    public int? FindSlot(string normalized) => slots.TryGetValue(normalized, out var slot) ? slot : null;

    /// <summary>Whether the field in a place is the same for all events of one type, kind and outcome.</summary>
    public FieldRoute RouteOf(int slot) => routes[slot];

    /// <summary>Paths of representations that rules follow through time (<c>changed.*</c>, <c>previous.*</c>).</summary>
    public IReadOnlyCollection<string> WatchedPaths => watchedPaths;

    /// <summary>The name under which the field is told to people: the normalized one.</summary>
    public string Normalize(string name, bool isEcs) => naming == FieldNaming.AsSent ? name : FieldTaxonomy.Normalize(name, isEcs);

    /// <summary>The place of a field.</summary>
    public int SlotOf(string name, bool isEcs)
    {
        var normalized = Normalize(name, isEcs);
        if (slots.TryGetValue(normalized, out var slot))
        {
            return slot;
        }

        if (naming == FieldNaming.AsSent)
        {
            resolvers.Add(fields => fields.FindRaw(normalized));
            routes.Add(FieldRoute.PerEvent);
        }
        else
        {
            resolvers.Add(FieldTaxonomy.Resolver(normalized, lists));
            routes.Add(FieldTaxonomy.RouteOf(normalized));
            if (FieldTaxonomy.WatchedPath(normalized) is { } path)
            {
                watchedPaths.Add(path);
            }
        }

        names.Add(normalized);
        slots.Add(normalized, resolvers.Count - 1);
        return resolvers.Count - 1;
    }
}

/// <summary>What the value of a field depends on.</summary>
internal enum FieldRoute
{
    /// <summary>On the event.</summary>
    PerEvent,

    /// <summary>Of an alert on the rule that raised it, of any other event on the event.</summary>
    PerRule,

    /// <summary>On its type, kind and outcome alone, so that rules are chosen by it once for all such events.</summary>
    PerType,
}
