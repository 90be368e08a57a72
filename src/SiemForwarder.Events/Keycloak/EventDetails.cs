using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Reads and searches the details of an event, secrets redacted.</summary>
internal static class EventDetails
{
    // So few are found faster by looking at each.
    private const int FewMembers = 16;

    [ThreadStatic]
    private static List<KeyValuePair<string, string>>? scratch;

    [ThreadStatic]
    private static Dictionary<string, int>? places;

    /// <summary>The members of the object that the cursor stands on, in their order; of members of the same name the last one.</summary>
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
            Add(members, Utf8StringPool.GetString(cursor.Name), ref cursor);
        }

        KeepLast(members);
        return [.. members];
    }

    /// <summary>Adds the value that the cursor stands on under its name, or the mask where the name says that it is a secret;
    /// <see cref="KeepLast"/> must follow the last one.</summary>
    public static void Add(List<KeyValuePair<string, string>> members, string name, ref JsonCursor cursor)
    {
        var text = cursor.ReadText();
        if (text is null)
        {
            return;
        }

        var isSecret = SecretNames.IsSecret(name) && text is not ("true" or "false");
        members.Add(KeyValuePair.Create(name, isSecret ? SecretRedactor.Mask : SecretRedactor.RedactText(text)));
    }

    /// <summary>Leaves of members of the same name the last one, at the place of the first; in one pass, since a sender chooses how many there are.</summary>
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

    /// <summary>The detail of that name, or null.</summary>
    public static string? Find(IReadOnlyList<KeyValuePair<string, string>> details, string name)
    {
        for (var index = 0; index < details.Count; index++)
        {
            if (details[index].Key == name)
            {
                return details[index].Value;
            }
        }

        return null;
    }
}
