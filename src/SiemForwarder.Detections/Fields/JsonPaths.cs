using System.Text.Json;

namespace SiemForwarder.Detections.Fields;

/// <summary>Finds a field in JSON by its path: a whole key first (keys may hold dots), else part by part; lists on the way fan out.</summary>
internal static class JsonPaths
{
    public static FieldValue Find(JsonElement element, string path)
    {
        var found = new List<FieldValue>();
        var isList = Collect(element, path, found);
        return isList ? found.Count == 0 ? FieldValue.Absent : FieldValue.Of([.. found])
            : found.Count == 0 ? FieldValue.Absent : found[0];
    }

    // True where a list stood on the way, so that several values may be found.
    private static bool Collect(JsonElement element, string path, List<FieldValue> found)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Collect(item, path, found);
            }

            return true;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        if (element.TryGetProperty(path, out var whole))
        {
            found.Add(FieldValue.Of(whole));
            return false;
        }

        for (var dot = path.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = path.IndexOf('.', dot + 1))
        {
            if (element.TryGetProperty(path.AsSpan(0, dot), out var child))
            {
                var before = found.Count;
                var isList = Collect(child, path[(dot + 1)..], found);
                if (isList || found.Count > before)
                {
                    return isList;
                }
            }
        }

        return false;
    }

    /// <summary>Adds every text value of a document, wherever it stands; no keys, no numbers.</summary>
    public static void CollectTexts(JsonElement element, List<string> texts)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                texts.Add(element.GetString()!);
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    CollectTexts(item, texts);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    CollectTexts(member.Value, texts);
                }

                break;
            default:
                break;
        }
    }
}
