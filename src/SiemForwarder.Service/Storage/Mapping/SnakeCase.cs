using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace SiemForwarder.Service.Storage.Mapping;

/// <summary>Names every column of an entity in snake_case, as is usual in PostgreSQL.</summary>
internal static class SnakeCase
{
    public static void ColumnsIn<T>(EntityTypeBuilder<T> entity)
        where T : class
    {
        foreach (var property in entity.Metadata.GetProperties())
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        }
    }
}
