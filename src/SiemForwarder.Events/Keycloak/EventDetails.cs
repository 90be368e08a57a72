using System.Text.Json;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Reads and searches the details of an event, with secrets redacted.</summary>
internal static class EventDetails
{
    // Places of names and values in RecentTexts, behind those of the members.
    private const int NamePlaces = 32;
    private const int ValuePlaces = 48;
    private const int LastPlace = 15;

    // This few are found faster by a linear search.
    private const int FewMembers = 16;

    [ThreadStatic]
    private static List<KeyValuePair<string, string>>? scratch;

    [ThreadStatic]
    private static Dictionary<string, int>? places;

    /// <summary>The members of the cursor's current object, in order; of members with the same name, the last.</summary>
    public static KeyValuePair<string, string>[] Read(ref JsonCursor cursor)
    {
        if (cursor.Kind != JsonTokenType.StartObject)
        {
            return cursor.ReadText() is { } text ? [new("details", text)] : [];
        }

        var members = scratch ??= [];
        members.Clear();
        cursor.Enter();
        while (cursor.NextMember())
        {
            var place = Math.Min(members.Count, LastPlace);
            // Where a session is new, its code has the same id.
            Add(members, RecentTexts.Get(cursor.Name, NamePlaces + place), cursor.ReadText(ValuePlaces + place, (int)KeycloakMember.SessionId));
        }

        KeepLast(members);
        return [.. members];
    }

    /// <summary>Adds the cursor's current value under its name, or the mask if the name denotes a secret;
    /// <see cref="KeepLast"/> must be called after the last one.</summary>
    public static void Add(List<KeyValuePair<string, string>> members, string name, ref JsonCursor cursor) => Add(members, name, cursor.ReadText());

    private static void Add(List<KeyValuePair<string, string>> members, string name, string? text)
    {
        if (text is null)
        {
            return;
        }

        var isSecret = SecretNames.IsSecret(name) && text is not ("true" or "false");
        members.Add(KeyValuePair.Create(name, isSecret ? SecretRedactor.Mask : SecretRedactor.RedactText(text)));
    }

    /// <summary>Keeps the last of equally named members, at the position of the first; in a single pass, because senders choose their number.</summary>
    public static void KeepLast(List<KeyValuePair<string, string>> members)
    {
        var known = members.Count <= FewMembers ? null : places ??= [];
        known?.Clear();
        var kept = 0;
        for (var index = 0; index < members.Count; index++)
        {
            var member = members[index];
            var place = known is null ? IndexOf(members, kept, member.Key) : known.GetValueOrDefault(member.Key, -1);
            if (place < 0)
            {
                place = kept++;
                known?.Add(member.Key, place);
            }

            members[place] = member;
        }

        members.RemoveRange(kept, members.Count - kept);
    }

    private static int IndexOf(List<KeyValuePair<string, string>> members, int count, string name)
    {
        for (var index = 0; index < count; index++)
        {
            if (members[index].Key == name)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>The detail with that name, or null.</summary>
    public static string? Find(IReadOnlyList<KeyValuePair<string, string>> details, string name) => Find(ListSpan.Of(details), name);

    /// <summary>The detail with that name, or null.</summary>
    public static string? Find(ReadOnlySpan<KeyValuePair<string, string>> details, string name)
    {
        foreach (ref readonly var detail in details)
        {
            if (detail.Key == name)
            {
                return detail.Value;
            }
        }

        return null;
    }
}
